import {
  type DnsMessage,
  encodeDnsMessage,
  OPCODE_UPDATE,
  RecordClass,
  RecordType,
  type ResourceRecord,
  ResponseCode,
} from './dns-message.ts';
import type { DnsName } from './dns-name.ts';

/** A change of one zone, which is made as a whole if all prerequisites hold, and otherwise not at all (RFC 2136). */
export interface DnsUpdate {
  readonly zone: DnsName;
  readonly prerequisites: readonly ResourceRecord[];
  readonly updates: readonly ResourceRecord[];
}

const NO_DATA = new Uint8Array(0);

/** The UPDATE message in wire format, without a signature. */
export function encodeUpdate(id: number, { prerequisites, updates, zone }: DnsUpdate): Uint8Array {
  const message: DnsMessage = {
    id,
    response: false,
    opcode: OPCODE_UPDATE,
    truncated: false,
    rcode: ResponseCode.noError,
    questions: [{ name: zone, type: RecordType.soa, class: RecordClass.in }],
    answers: prerequisites,
    authorities: updates,
    additionals: [],
  };
  return encodeDnsMessage(message);
}

/** Prerequisite: the name has no record of any type (section 2.4.5); fails with YXDOMAIN. */
export function nameNotInUse(name: DnsName): ResourceRecord {
  return { name, type: RecordType.any, class: RecordClass.none, ttl: 0, rdata: NO_DATA };
}

/** Prerequisite: the name has some record (section 2.4.4); fails with NXDOMAIN. */
export function nameInUse(name: DnsName): ResourceRecord {
  return { name, type: RecordType.any, class: RecordClass.any, ttl: 0, rdata: NO_DATA };
}

/** Prerequisite: this is the name's only record of its type (section 2.4.2); fails with NXRRSET. */
export function onlyRecordIs(name: DnsName, type: number, rdata: Uint8Array): ResourceRecord {
  return { name, type, class: RecordClass.in, ttl: 0, rdata };
}

/** Prerequisite: the name has no record of the type (section 2.4.3); fails with YXRRSET. */
export function noRecords(name: DnsName, type: number): ResourceRecord {
  return { name, type, class: RecordClass.none, ttl: 0, rdata: NO_DATA };
}

/** Update: adds a record, or sets its TTL if it exists (section 2.5.1). `ttl` in seconds. */
export function addRecord(name: DnsName, type: number, ttl: number, rdata: Uint8Array): ResourceRecord {
  return { name, type, class: RecordClass.in, ttl, rdata };
}

/** Update: deletes all records of the type (section 2.5.2). */
export function deleteRecords(name: DnsName, type: number): ResourceRecord {
  return { name, type, class: RecordClass.any, ttl: 0, rdata: NO_DATA };
}

/** Update: deletes all records of the name (section 2.5.3). */
export function deleteName(name: DnsName): ResourceRecord {
  return deleteRecords(name, RecordType.any);
}

/** Update: deletes one record (section 2.5.4). */
export function deleteRecord(name: DnsName, type: number, rdata: Uint8Array): ResourceRecord {
  return { name, type, class: RecordClass.none, ttl: 0, rdata };
}
