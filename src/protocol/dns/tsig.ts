import { createHmac, timingSafeEqual } from 'node:crypto';
import { MalformedMessage } from '../malformed-message.ts';
import {
  ADDITIONAL_COUNT_OFFSET,
  type DecodedDnsMessage,
  encodeRecord,
  joinBytes,
  RecordClass,
  RecordType,
  type ResourceRecord,
} from './dns-message.ts';
import { type DnsName, encodeDnsName, readDnsName } from './dns-name.ts';

/** Algorithms of TSIG keys, by their names in BIND's configuration, with the length of their signatures. */
export const TSIG_ALGORITHMS = {
  'hmac-sha256': { digest: 'sha256', macSize: 32 },
  'hmac-sha384': { digest: 'sha384', macSize: 48 },
  'hmac-sha512': { digest: 'sha512', macSize: 64 },
} as const;

/** RFC 8945 section 6; the algorithms that every current server supports. */
export type TsigAlgorithm = keyof typeof TSIG_ALGORITHMS;

/** A key that client and server share. */
export interface TsigKey {
  readonly name: DnsName;
  readonly algorithm: TsigAlgorithm;
  readonly secret: Uint8Array;
}

/** Seconds by which the clocks of both sides may differ (RFC 8945 section 10). */
const FUDGE_SECONDS = 300;
const ERROR_NAMES: Readonly<Record<number, string>> = {
  16: 'BADSIG',
  17: 'BADKEY',
  18: 'BADTIME',
  22: 'BADTRUNC',
};
/** Size in bytes of a TSIG record's data after the algorithm's name, without signature and other data. */
const FIXED_SIZE = 16;

/** A signed request, and its signature, which is part of what the answer's signature covers. */
export interface SignedRequest {
  readonly bytes: Uint8Array;
  readonly mac: Uint8Array;
}

/** Whether an answer was signed with the key. `reason` is a message for operators. */
export type TsigVerdict =
  { readonly kind: 'genuine' } | { readonly kind: 'refused'; readonly reason: string };

/** Signs an encoded message that has no TSIG record yet (RFC 8945 section 5.1). `nowSeconds` since the epoch. */
export function signRequest(message: Uint8Array, key: TsigKey, nowSeconds: number): SignedRequest {
  const times = encodeTimes(nowSeconds, FUDGE_SECONDS);
  const mac = hmac(key, [message, variables(key, times, 0, NO_BYTES)]);
  const bytes = joinBytes([message, encodeRecord(tsigRecord(key, times, mac, message.subarray(0, 2)))]);
  addToAdditionalCount(bytes, 1);
  return { bytes, mac };
}

/**
 * Checks the signature of an answer (RFC 8945 section 5.3). `decoded` is the same message, decoded. If an unsigned TSIG
 * record of the answer says that our signature was not accepted, the answer is refused with that reason.
 */
export function verifyAnswer(
  bytes: Uint8Array,
  decoded: DecodedDnsMessage,
  key: TsigKey,
  requestMac: Uint8Array,
  nowSeconds: number,
): TsigVerdict {
  const record = decoded.additionals.at(-1);
  if (record?.type !== RecordType.tsig) return refused('the answer is not signed');
  const tsig = readTsig(record);
  const keyFault = `the server refuses the key ${key.name}: ${ERROR_NAMES[tsig.error] ?? `error ${tsig.error}`}`;
  if (tsig.mac.length === 0 && tsig.error !== 0) return refused(keyFault);
  if (record.name !== key.name || tsig.algorithm !== key.algorithm) {
    return refused('the answer is signed with another key');
  }
  const unsigned = Uint8Array.from(bytes.subarray(0, decoded.lastRecordOffset));
  unsigned.set(tsig.originalId, 0);
  addToAdditionalCount(unsigned, -1);
  const expected = hmac(key, [
    Uint8Array.of(requestMac.length >> 8, requestMac.length & 255),
    requestMac,
    unsigned,
    variables(key, tsig.times, tsig.error, tsig.other),
  ]);
  if (tsig.mac.length !== expected.length || !timingSafeEqual(tsig.mac, expected)) {
    return refused('the signature of the answer is wrong');
  }
  const { fudge, signedAt } = decodeTimes(tsig.times);
  if (tsig.error !== 0) {
    return refused(
      tsig.error === 18
        ? `${keyFault}: the clocks of this host and of the server differ by more than ${FUDGE_SECONDS} seconds`
        : keyFault,
    );
  }
  if (Math.abs(nowSeconds - signedAt) > fudge) return refused('the answer was signed at another time');
  return { kind: 'genuine' };
}

const NO_BYTES = new Uint8Array(0);

interface TsigData {
  readonly algorithm: string;
  /** Time and fudge in wire format. */
  readonly times: Uint8Array;
  readonly mac: Uint8Array;
  readonly originalId: Uint8Array;
  readonly error: number;
  readonly other: Uint8Array;
}

/**
 * RFC 8945 section 4.2: the algorithm's name, and then
 *
 *     | time signed (6) | fudge (2) | MAC size (2) | MAC | original id (2) | error (2) | other size (2) | other data |
 */
function readTsig({ rdata }: ResourceRecord): TsigData {
  const { end, name } = readDnsName(rdata, 0);
  const view = new DataView(rdata.buffer, rdata.byteOffset, rdata.length);
  const macSize = rdata.length < end + FIXED_SIZE ? undefined : view.getUint16(end + 8);
  if (macSize === undefined || rdata.length < end + FIXED_SIZE + macSize) {
    throw new MalformedMessage('dns_tsig', 'the TSIG record is cut off');
  }
  const afterMac = end + 10 + macSize;
  const otherSize = view.getUint16(afterMac + 4);
  if (rdata.length !== afterMac + 6 + otherSize) {
    throw new MalformedMessage('dns_tsig', 'the size of the TSIG record does not match its length fields');
  }
  return {
    algorithm: name,
    times: rdata.subarray(end, end + 8),
    mac: rdata.subarray(end + 10, afterMac),
    originalId: rdata.subarray(afterMac, afterMac + 2),
    error: view.getUint16(afterMac + 2),
    other: rdata.subarray(afterMac + 6),
  };
}

function tsigRecord(
  key: TsigKey,
  times: Uint8Array,
  mac: Uint8Array,
  originalId: Uint8Array,
): ResourceRecord {
  const rdata = joinBytes([
    encodeDnsName(key.algorithm as string as DnsName),
    times,
    Uint8Array.of(mac.length >> 8, mac.length & 255),
    mac,
    originalId,
    Uint8Array.of(0, 0, 0, 0),
  ]);
  return { name: key.name, type: RecordType.tsig, class: RecordClass.any, ttl: 0, rdata };
}

/** The data that is signed in addition to the message (RFC 8945 section 4.3.3). */
function variables(key: TsigKey, times: Uint8Array, error: number, other: Uint8Array): Uint8Array {
  return joinBytes([
    encodeDnsName(key.name),
    Uint8Array.of(0, RecordClass.any, 0, 0, 0, 0),
    encodeDnsName(key.algorithm as string as DnsName),
    times,
    Uint8Array.of(error >> 8, error & 255, other.length >> 8, other.length & 255),
    other,
  ]);
}

function hmac(key: TsigKey, parts: readonly Uint8Array[]): Uint8Array {
  const sum = createHmac(TSIG_ALGORITHMS[key.algorithm].digest, key.secret);
  for (const part of parts) sum.update(part);
  return sum.digest();
}

function encodeTimes(signedAt: number, fudge: number): Uint8Array {
  const times = new Uint8Array(8);
  const view = new DataView(times.buffer);
  view.setUint16(0, Math.floor(signedAt / 2 ** 32));
  view.setUint32(2, signedAt >>> 0);
  view.setUint16(6, fudge);
  return times;
}

function decodeTimes(times: Uint8Array): { signedAt: number; fudge: number } {
  const view = new DataView(times.buffer, times.byteOffset, times.length);
  return { signedAt: view.getUint16(0) * 2 ** 32 + view.getUint32(2), fudge: view.getUint16(6) };
}

function addToAdditionalCount(message: Uint8Array, by: number): void {
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  view.setUint16(ADDITIONAL_COUNT_OFFSET, view.getUint16(ADDITIONAL_COUNT_OFFSET) + by);
}

function refused(reason: string): TsigVerdict {
  return { kind: 'refused', reason };
}
