import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';
import type { MachineLookup } from '../../machines/machine-index.ts';
import type { BootLoopGuard } from '../boot/boot-loop-guard.ts';
import type { FindBootPlan } from '../boot/boot-plan.ts';
import type { DhcpPolicy } from '../dhcp-policy.ts';
import type { AllowFresh } from '../leases/choose-address.ts';
import type { DeclineBudget } from '../leases/decline-budget.ts';
import type { ReservationsInUse } from '../leases/reservations-in-use.ts';
import type { LeaseBook } from '../leases/lease-book.ts';

/** What replies are made from: the leases, the declared subnets and machines, and the limits. */
export interface DhcpSurroundings {
  readonly book: LeaseBook;
  readonly policy: DhcpPolicy;
  readonly reservations: MachineLookup;
  readonly findBootPlan: FindBootPlan;
  /** Whether an address is one of this host's. */
  readonly isOurs: (address: Ipv4Address) => boolean;
  /** Limits how many DHCPDECLINEs are accepted. */
  readonly declines: DeclineBudget;
  readonly allowFresh: AllowFresh;
  /** Reserved addresses that another host uses, or that a client reported as used. */
  readonly inUse: ReservationsInUse;
  readonly bootLoops: BootLoopGuard;
}
