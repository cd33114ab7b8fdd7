import type { DnsName } from '../../protocol/dns/dns-name.ts';
import type { Ipv4Address } from '../../protocol/ipv4-address.ts';

/** The wanted DNS records of an address. */
export interface WantedName {
  readonly name: DnsName;
  /** RDATA of the DHCID record, in hex. */
  readonly dhcid: string;
  readonly ttlSeconds: number;
  readonly forward: boolean;
  readonly reverse: boolean;
}

/** Whether a record of ours is in DNS. `unsure`: an update was sent, and its result is not known. */
export type Presence = 'absent' | 'unsure' | 'present';

/**
 * What was put into DNS for an address, as it is stored: with this the records can be removed after a restart, even if
 * the lease, the machine's record or the settings have changed meanwhile.
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
 * The next step from what DNS has to what it should have: what is wrong is removed first, then the A record is added,
 * then the PTR record. `conflict`: the name belongs to another client. Then no PTR record is added either, since by RFC
 * 4703 section 5.4 it points to a name that the client has.
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
 * The record to store before a task is carried out: it says that what the task adds or removes may be in DNS. `record`
 * has the same name, or is undefined.
 */
export function recordBefore(
  task: DnsUpdateTask,
  address: Ipv4Address,
  record: DnsRecord | undefined,
): DnsRecord {
  // A removal whose answer is lost may or may not have happened.
  if ('record' in task) {
    const isForward = task.kind === 'remove_forward';
    return { ...task.record, [isForward ? 'forwardPresence' : 'reversePresence']: 'unsure' };
  }
  const { dhcid, forward, name, reverse, ttlSeconds } = task.wanted;
  const isForward = task.kind === 'add_forward';
  // A changed TTL means that the existing records must be written again.
  const known = (presence: Presence = 'absent'): Presence =>
    presence === 'present' && record?.ttlSeconds !== ttlSeconds ? 'unsure' : presence;
  return {
    ...{ address, name, dhcid, ttlSeconds, forward, reverse },
    forwardPresence: isForward ? 'unsure' : known(record?.forwardPresence),
    reversePresence: isForward ? known(record?.reversePresence) : 'unsure',
  };
}

/** The record to store after a task was carried out. */
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
