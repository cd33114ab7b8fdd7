import type { DhcpEvent } from '../dhcp-decision.ts';
import type { Exchange } from '../exchange.ts';
import type { DeclineBudget } from './decline-budget.ts';
import type { SubnetLeases } from './subnet-leases.ts';

/** Whether a client that nothing is known of may be given a new address of the subnet right now. */
export type AllowFresh = (exchange: Exchange, subnet: SubnetLeases) => boolean;

/** What the guard against boot loops has to say about handing out a boot file; see boot-loop-guard.ts. */
export interface BootFileVerdict {
  readonly allowed: boolean;
  readonly events: readonly DhcpEvent[];
}

export type GuardBootFile = (exchange: Exchange, bootFile: string) => BootFileVerdict;

/** What limits the server while it leases. */
export interface LeaseLimits {
  readonly declines: DeclineBudget;
  readonly allowFresh: AllowFresh;
  readonly guardBootFile: GuardBootFile;
  /** Whether the guard would let the boot file pass, without counting it. */
  readonly mayBoot: (exchange: Exchange, bootFile: string) => boolean;
}
