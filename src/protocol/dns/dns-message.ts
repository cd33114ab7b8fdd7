import { MalformedMessage } from '../malformed-message.ts';
import { type DnsName, encodeDnsName, readDnsName } from './dns-name.ts';

/** Record types that dynamic updates use. */
export const RecordType = {
  a: 1,
  soa: 6,
  ptr: 12,
  aaaa: 28,
  /** RFC 4701. */
  dhcid: 49,
  /** RFC 8945. */
  tsig: 250,
  any: 255,
} as const;

/** Record classes. RFC 2136 sections 2.4 and 2.5: NONE and ANY mark what must not exist, and what is to be deleted. */
export const RecordClass = { in: 1, none: 254, any: 255 } as const;

/** RFC 2136 section 1.3. */
export const OPCODE_UPDATE = 5;

/** Response codes (RFC 1035 section 4.1.1, RFC 2136 section 2.2). */
export const ResponseCode = {
  noError: 0,
  formErr: 1,
  servFail: 2,
  nxDomain: 3,
  notImp: 4,
  refused: 5,
  yxDomain: 6,
  yxRrset: 7,
  nxRrset: 8,
  notAuth: 9,
  notZone: 10,
} as const;

const RESPONSE_CODE_NAMES = [
  ...['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'],
  ...['YXDOMAIN', 'YXRRSET', 'NXRRSET', 'NOTAUTH', 'NOTZONE'],
];

/** The name of a response code as the RFCs write it: `NXRRSET`. */
export function responseCodeName(rcode: number): string {
  return RESPONSE_CODE_NAMES[rcode] ?? `RCODE${rcode}`;
}

/** A resource record; `rdata` is in wire format, with uncompressed names. */
export interface ResourceRecord {
  readonly name: DnsName;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  readonly rdata: Uint8Array;
}

/** A question; in an UPDATE the zone (RFC 2136 section 2.3). */
export interface DnsQuestion {
  readonly name: DnsName;
  readonly type: number;
  readonly class: number;
}

/**
 * A DNS message. In an UPDATE the sections are the zone, prerequisites, updates and additional data:
 *
 *     0                   1                   2                   3
 *     +-------------------------------+-+-------+-+-+-+-+-----+-------+
 *     |              id               |Q|opcode |A|T|R|R|  Z  | rcode |
 *     +-------------------------------+-+-------+-+-+-+-+-----+-------+
 *     |      questions (zone)         |    answers (prerequisites)    |
 *     +-------------------------------+-------------------------------+
 *     |    authorities (updates)      |          additionals          |
 *     +-------------------------------+-------------------------------+
 *     |                       the sections ...                        |
 */
export interface DnsMessage {
  readonly id: number;
  readonly response: boolean;
  readonly opcode: number;
  /** The message was truncated: ask again over TCP. */
  readonly truncated: boolean;
  readonly rcode: number;
  readonly questions: readonly DnsQuestion[];
  readonly answers: readonly ResourceRecord[];
  readonly authorities: readonly ResourceRecord[];
  readonly additionals: readonly ResourceRecord[];
}

/** A received message, and the offset of its last record, which TSIG needs. */
export interface DecodedDnsMessage extends DnsMessage {
  readonly lastRecordOffset: number;
}

export const DNS_HEADER_SIZE = 12;
/** Size of the header before the count of additional records, in bytes. */
export const ADDITIONAL_COUNT_OFFSET = 10;

/** The message in wire format, without compression. */
export function encodeDnsMessage(message: DnsMessage): Uint8Array {
  const header = new Uint8Array(DNS_HEADER_SIZE);
  const view = new DataView(header.buffer);
  const { additionals, answers, authorities, questions } = message;
  view.setUint16(0, message.id);
  view.setUint16(
    2,
    (message.response ? 0x8000 : 0) |
      (message.opcode << 11) |
      (message.truncated ? 0x0200 : 0) |
      (message.rcode & 15),
  );
  [questions, answers, authorities, additionals].forEach((section, index) =>
    view.setUint16(4 + 2 * index, section.length),
  );
  const parts = [
    header,
    ...questions.flatMap((one) => [encodeDnsName(one.name), twoUint16(one.type, one.class)]),
    ...[...answers, ...authorities, ...additionals].map(encodeRecord),
  ];
  return joinBytes(parts);
}

/** Reads a message. Throws MalformedMessage. */
export function decodeDnsMessage(bytes: Uint8Array): DecodedDnsMessage {
  if (bytes.length < DNS_HEADER_SIZE) {
    throw new MalformedMessage(
      'dns_short',
      `a DNS message has at least ${DNS_HEADER_SIZE} bytes, not ${bytes.length}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const flags = view.getUint16(2);
  let offset = DNS_HEADER_SIZE;
  let lastRecordOffset = offset;
  const readQuestions = (count: number): DnsQuestion[] =>
    Array.from({ length: count }, () => {
      const { end, name } = readDnsName(bytes, offset);
      requireBytes(bytes, end, 4);
      offset = end + 4;
      return { name, type: view.getUint16(end), class: view.getUint16(end + 2) };
    });
  const readRecords = (count: number): ResourceRecord[] =>
    Array.from({ length: count }, () => {
      lastRecordOffset = offset;
      const { end, name } = readDnsName(bytes, offset);
      requireBytes(bytes, end, 10);
      const size = view.getUint16(end + 8);
      requireBytes(bytes, end + 10, size);
      offset = end + 10 + size;
      return {
        name,
        type: view.getUint16(end),
        class: view.getUint16(end + 2),
        ttl: view.getUint32(end + 4),
        rdata: bytes.subarray(end + 10, offset),
      };
    });
  // In the order of the message; each takes at least one byte, so reading stops at the last byte even if a count is
  // false.
  const questions = readQuestions(view.getUint16(4));
  const answers = readRecords(view.getUint16(6));
  const authorities = readRecords(view.getUint16(8));
  const additionals = readRecords(view.getUint16(ADDITIONAL_COUNT_OFFSET));
  if (offset !== bytes.length)
    throw new MalformedMessage('dns_trailing', 'there are bytes after the last record', offset);
  return {
    id: view.getUint16(0),
    response: (flags & 0x8000) !== 0,
    opcode: (flags >> 11) & 15,
    truncated: (flags & 0x0200) !== 0,
    rcode: flags & 15,
    questions,
    answers,
    authorities,
    additionals,
    lastRecordOffset,
  };
}

/** A record in wire format. */
export function encodeRecord(record: ResourceRecord): Uint8Array {
  const fixed = new Uint8Array(10);
  const view = new DataView(fixed.buffer);
  view.setUint16(0, record.type);
  view.setUint16(2, record.class);
  view.setUint32(4, record.ttl);
  view.setUint16(8, record.rdata.length);
  return joinBytes([encodeDnsName(record.name), fixed, record.rdata]);
}

/** Joins the parts. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

function twoUint16(first: number, second: number): Uint8Array {
  return Uint8Array.of(first >> 8, first & 255, second >> 8, second & 255);
}

function requireBytes(bytes: Uint8Array, offset: number, size: number): void {
  if (offset + size > bytes.length) throw new MalformedMessage('dns_short', 'a record is cut off', offset);
}
