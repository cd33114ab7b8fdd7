import type { LeaseChange } from '../leases/lease.ts';
import type { LeaseEvent } from '../leases/lease-event.ts';
import { changesOf, type DhcpDecision } from './dhcp-decision.ts';

/** The lease events that the changes of a decision cause. Emit them only when the changes are durable. */
export function leaseEventsOf(decision: DhcpDecision): LeaseEvent[] {
  return changesOf(decision).map((change) => leaseEventOf(change, decision));
}

function leaseEventOf(change: LeaseChange, decision: DhcpDecision): LeaseEvent {
  if (change.kind === 'delete') return { kind: 'freed', address: change.address };
  const { lease } = change;
  switch (lease.state) {
    case 'released':
    case 'expired':
    case 'declined':
      return { kind: lease.state, lease };
    case 'bound': {
      const reply = decision.kind === 'reply' ? decision : undefined;
      return {
        kind: reply?.renewal === true ? 'renewed' : 'bound',
        lease,
        ...(reply?.leaseName !== undefined && { name: reply.leaseName }),
        ...(reply?.machineId !== undefined && { machineId: reply.machineId }),
      };
    }
  }
}
