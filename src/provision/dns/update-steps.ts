import { RecordType, ResponseCode } from '../../protocol/dns/dns-message.ts';
import { type DnsName, encodeDnsName, reverseNameOf } from '../../protocol/dns/dns-name.ts';
import {
  addRecord,
  deleteName,
  deleteRecord,
  deleteRecords,
  type DnsUpdate,
  nameInUse,
  nameNotInUse,
  noRecords,
  onlyRecordIs,
} from '../../protocol/dns/dns-update.ts';
import { type Ipv4Address, ipv4ToBytes } from '../../protocol/ipv4-address.ts';

/** A name of a client and the address it stands for. */
export interface NamedAddress {
  readonly name: DnsName;
  readonly address: Ipv4Address;
  /** RDATA of the DHCID record that ties the name to its client. */
  readonly dhcid: Uint8Array;
}

/** What to do next about a change that takes one or more UPDATE messages. */
export type UpdateStep =
  /** Send this, and go on with the answer's response code. */
  | {
      readonly kind: 'send';
      readonly update: DnsUpdate;
      readonly next: (rcode: number) => UpdateStep;
    }
  | { readonly kind: 'done' }
  /** The name belongs to somebody else, and nothing was changed. */
  | { readonly kind: 'conflict' }
  /** The server does not do it. */
  | { readonly kind: 'failed'; readonly rcode: number };

const DONE: UpdateStep = { kind: 'done' };
const CONFLICT: UpdateStep = { kind: 'conflict' };
/** How often to start again when another client changes the name between our two messages. */
const ROUNDS_MAX = 3;

/**
 * Gives the name to the client (RFC 4703 section 5.3): where nobody has it, or where its DHCID record says that the
 * client has it already. Then the name's only A record is the new one. `ttl` in seconds.
 */
export function addForward(zone: DnsName, named: NamedAddress, ttl: number, round = 1): UpdateStep {
  const { dhcid, name } = named;
  const address = addRecord(name, RecordType.a, ttl, ipv4ToBytes(named.address));
  return {
    kind: 'send',
    update: {
      zone,
      prerequisites: [nameNotInUse(name)],
      updates: [address, addRecord(name, RecordType.dhcid, ttl, dhcid)],
    },
    next: (rcode) => {
      if (rcode === ResponseCode.noError) return DONE;
      if (rcode !== ResponseCode.yxDomain) return { kind: 'failed', rcode };
      return {
        kind: 'send',
        update: {
          zone,
          prerequisites: [nameInUse(name), onlyRecordIs(name, RecordType.dhcid, dhcid)],
          updates: [deleteRecords(name, RecordType.a), address],
        },
        next: (second) => {
          if (second === ResponseCode.noError) return DONE;
          if (second === ResponseCode.nxRrset) return CONFLICT;
          if (second !== ResponseCode.nxDomain) return { kind: 'failed', rcode: second };
          return round < ROUNDS_MAX ? addForward(zone, named, ttl, round + 1) : CONFLICT;
        },
      };
    },
  };
}

/**
 * Takes the address from the name, and the name from the client if it has no other address (RFC 4703 section 5.5).
 * Where the DHCID record is not the client's, nothing is changed, which counts as done.
 */
export function removeForward(zone: DnsName, { address, dhcid, name }: NamedAddress): UpdateStep {
  const isOurs = onlyRecordIs(name, RecordType.dhcid, dhcid);
  return {
    kind: 'send',
    update: {
      zone,
      prerequisites: [isOurs],
      updates: [deleteRecord(name, RecordType.a, ipv4ToBytes(address))],
    },
    next: (rcode) => {
      if (rcode !== ResponseCode.noError) return doneUnlessFailed(rcode);
      return {
        kind: 'send',
        update: {
          zone,
          prerequisites: [isOurs, noRecords(name, RecordType.a), noRecords(name, RecordType.aaaa)],
          updates: [deleteName(name)],
        },
        next: doneUnlessFailed,
      };
    },
  };
}

/**
 * Replaces the PTR records of the address with one that points to the name (RFC 4703 section 5.4). `ttl` in seconds.
 */
export function addReverse(
  zone: DnsName,
  { address, name }: Pick<NamedAddress, 'address' | 'name'>,
  ttl: number,
): UpdateStep {
  const owner = reverseNameOf(address);
  return {
    kind: 'send',
    update: {
      zone,
      prerequisites: [],
      updates: [
        deleteRecords(owner, RecordType.ptr),
        addRecord(owner, RecordType.ptr, ttl, encodeDnsName(name)),
      ],
    },
    next: (rcode) => (rcode === ResponseCode.noError ? DONE : { kind: 'failed', rcode }),
  };
}

/** Removes the PTR record of the address if it points to the name (RFC 4703 section 5.5). */
export function removeReverse(
  zone: DnsName,
  { address, name }: Pick<NamedAddress, 'address' | 'name'>,
): UpdateStep {
  const owner = reverseNameOf(address);
  return {
    kind: 'send',
    update: {
      zone,
      prerequisites: [onlyRecordIs(owner, RecordType.ptr, encodeDnsName(name))],
      updates: [deleteName(owner)],
    },
    next: doneUnlessFailed,
  };
}

/** Response codes for a failed prerequisite mean that there is nothing of ours to remove. */
function doneUnlessFailed(rcode: number): UpdateStep {
  switch (rcode) {
    case ResponseCode.noError:
    case ResponseCode.nxDomain:
    case ResponseCode.nxRrset:
    case ResponseCode.yxRrset:
      return DONE;
    default:
      return { kind: 'failed', rcode };
  }
}
