import type { Labels } from '../../selection/labels.ts';
import type { MachineMatch } from '../../machines/identification.ts';
import type { Moment } from '../moment.ts';
import type { SubnetLeases } from './subnet-leases.ts';

/** A client that wants an address. */
export interface AddressSeeker {
  readonly clientKey: string;
  /** `chaddr` in hex with colons. */
  readonly chaddr: string;
  /** Whether an address can be probed on the network: not behind a relay, and not where settings forbid it. */
  readonly canProbe: boolean;
  /** Its machine's record. */
  readonly match?: MachineMatch;
  /** The labels by which pools select it; called only if some pool has a selector. */
  readonly labels?: (() => Labels) | undefined;
  /** The client's subnet, and after it the others on the same link. */
  readonly subnets: readonly [SubnetLeases, ...SubnetLeases[]];
  /** The link: its relay's address, or the name of the interface. */
  readonly link: string;
  readonly now: Moment;
}
