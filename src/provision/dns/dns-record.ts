import type { DnsName } from '../../protocol/dns/dns-name.ts';
import type { Ipv4Address } from '../../protocol/ipv4-address.ts';

/** What DNS is to say of an address. */
export interface WantedName {
  readonly name: DnsName;
  /** RDATA of the DHCID record, in hex. */
  readonly dhcid: string;
  readonly ttlSeconds: number;
  readonly forward: boolean;
  readonly reverse: boolean;
}

/** Whether a record of ours is in DNS. `unsure`: it was asked for, and the answer is not known. */
export type Presence = 'absent' | 'unsure' | 'present';

/**
 * What was put into DNS for an address, as the store keeps it: by this the records are found again after a restart,
 * whatever has become of the lease, the machine's record and the settings meanwhile.
 */
export interface DnsRecord extends WantedName {
  readonly address: Ipv4Address;
  readonly forwardPresence: Presence;
  readonly reversePresence: Presence;
}

/** A change of what is remembered. */
export type DnsRecordChange =
  | { readonly kind: 'put'; readonly record: DnsRecord }
  | { readonly kind: 'delete'; readonly address: Ipv4Address };

/** A task that changes DNS. */
export type DnsUpdateTask =
  | { readonly kind: 'add_forward' | 'add_reverse'; readonly wanted: WantedName }
  | { readonly kind: 'remove_forward' | 'remove_reverse'; readonly record: DnsRecord };

/** What to do next for an address. */
export type DnsTask =
  | DnsUpdateTask
  /** Nothing of ours is in DNS any more. */
  | { readonly kind: 'forget' }
  /** All is as it should be. */
  | { readonly kind: 'rest' };

/**
 * The next step from what DNS has to what it should have: what is wrong is removed first, then the name is added, then
 * the way back from the address. `conflict` says that the name was found to be somebody else's: then the address leads
 * nowhere either, since RFC 4703 section 5.4 has it lead to a name that the client has.
 */
export function nextDnsTask(
  wanted: WantedName | undefined,
  record: DnsRecord | undefined,
  conflict: boolean,
): DnsTask {
  const ofRecord = record !== undefined && isSameName(record, wanted) ? wanted : undefined;
  if (record !== undefined) {
    const { forwardPresence, reversePresence } = record;
    if (forwardPresence !== 'absent' && ofRecord?.forward !== true) return { kind: 'remove_forward', record };
    if (reversePresence !== 'absent' && (ofRecord?.reverse !== true || conflict)) {
      return { kind: 'remove_reverse', record };
    }
    if (ofRecord === undefined || conflict) return { kind: 'forget' };
  }
  if (wanted === undefined || conflict) return { kind: 'rest' };
  const current = record?.ttlSeconds === wanted.ttlSeconds ? record : undefined;
  if (wanted.forward && current?.forwardPresence !== 'present') return { kind: 'add_forward', wanted };
  if (wanted.reverse && current?.reversePresence !== 'present') return { kind: 'add_reverse', wanted };
  return { kind: 'rest' };
}

/**
 * What is to be on record before a task is carried out: that what it adds or removes may be there. `record` is of the
 * same name, or undefined.
 */
export function recordBefore(
  task: DnsUpdateTask,
  address: Ipv4Address,
  record: DnsRecord | undefined,
): DnsRecord {
  // Whether a removal whose answer is lost took place is not known either.
  if ('record' in task) {
    const isForward = task.kind === 'remove_forward';
    return { ...task.record, [isForward ? 'forwardPresence' : 'reversePresence']: 'unsure' };
  }
  const { dhcid, forward, name, reverse, ttlSeconds } = task.wanted;
  const isForward = task.kind === 'add_forward';
  // With another TTL what is there already has to be written anew.
  const known = (presence: Presence = 'absent'): Presence =>
    presence === 'present' && record?.ttlSeconds !== ttlSeconds ? 'unsure' : presence;
  return {
    ...{ address, name, dhcid, ttlSeconds, forward, reverse },
    forwardPresence: isForward ? 'unsure' : known(record?.forwardPresence),
    reversePresence: isForward ? known(record?.reversePresence) : 'unsure',
  };
}

/** What is on record after it. */
export function recordAfter(task: DnsUpdateTask, outcome: 'done' | 'conflict', record: DnsRecord): DnsRecord {
  switch (task.kind) {
    case 'add_forward':
      return { ...record, forwardPresence: outcome === 'done' ? 'present' : 'absent' };
    case 'add_reverse':
      return { ...record, reversePresence: 'present' };
    case 'remove_forward':
      return { ...record, forwardPresence: 'absent' };
    case 'remove_reverse':
      return { ...record, reversePresence: 'absent' };
  }
}

/** The name that a task is about. */
export function taskName(task: DnsUpdateTask): DnsName {
  return 'wanted' in task ? task.wanted.name : task.record.name;
}

/** Whether both are the same name of the same client. */
export function isSameName(
  a: Pick<WantedName, 'name' | 'dhcid'> | undefined,
  b: Pick<WantedName, 'name' | 'dhcid'> | undefined,
): boolean {
  return a?.name === b?.name && a?.dhcid === b?.dhcid;
}
