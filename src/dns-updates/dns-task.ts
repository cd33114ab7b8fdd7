import { responseCodeName } from '../protocol/dns/dns-message.ts';
import type { DnsName } from '../protocol/dns/dns-name.ts';
import type { DnsUpdate } from '../protocol/dns/dns-update.ts';
import type { Ipv4Address } from '../protocol/ipv4-address.ts';
import type { DnsUpdateTask } from '../provision/dns/dns-record.ts';
import {
  addForward,
  addReverse,
  removeForward,
  removeReverse,
  type UpdateStep,
} from '../provision/dns/update-steps.ts';
import { DnsExchangeError } from './dns-exchange.ts';

/** How it ended. */
export type TaskOutcome =
  | { readonly kind: 'done' | 'conflict' }
  /** The server answered that it refuses; `rcode` by name. */
  | { readonly kind: 'refused'; readonly rcode: string }
  | { readonly kind: 'no_answer'; readonly reason: string };

/** Performs a task, message by message. Rejects only for a bug of ours. */
export async function runDnsTask(
  task: DnsUpdateTask,
  address: Ipv4Address,
  zone: { readonly name: DnsName; readonly exchange: (update: DnsUpdate) => Promise<number> },
): Promise<TaskOutcome> {
  let step = firstStep(task, address, zone.name);
  while (step.kind === 'send') {
    try {
      step = step.next(await zone.exchange(step.update));
    } catch (error) {
      if (error instanceof DnsExchangeError) return { kind: 'no_answer', reason: error.message };
      throw error;
    }
  }
  return step.kind === 'failed' ? { kind: 'refused', rcode: responseCodeName(step.rcode) } : step;
}

function firstStep(task: DnsUpdateTask, address: Ipv4Address, zone: DnsName): UpdateStep {
  const { dhcid, name, ttlSeconds } = 'wanted' in task ? task.wanted : task.record;
  const named = { name, address, dhcid: Buffer.from(dhcid, 'hex') };
  switch (task.kind) {
    case 'add_forward':
      return addForward(zone, named, ttlSeconds);
    case 'add_reverse':
      return addReverse(zone, named, ttlSeconds);
    case 'remove_forward':
      return removeForward(zone, named);
    case 'remove_reverse':
      return removeReverse(zone, named);
  }
}
