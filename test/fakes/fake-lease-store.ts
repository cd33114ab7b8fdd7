import type { Ipv4Address } from '../../src/protocol/ipv4-address.ts';
import type { Lease, LeaseChange } from '../../src/provision/dhcp/leases/lease.ts';
import type { LeaseStore } from '../../src/store/lease-store.ts';

/** Keeps leases in memory, fails when told to, and can delay commits like a slow disk. */
export class FakeLeaseStore implements LeaseStore {
  readonly leases = new Map<Ipv4Address, Lease>();
  readonly commits: (readonly LeaseChange[])[] = [];
  failure: Error | undefined;
  #held: Promise<void> | undefined;
  #reached: () => void = () => undefined;

  /** Delays the next commits. `reached` resolves at the first one; `release` completes all of them. */
  holdCommits(): { reached: Promise<void>; release: () => void } {
    let release = (): void => undefined;
    this.#held = new Promise((resolve) => (release = resolve));
    const reached = new Promise<void>((resolve) => (this.#reached = resolve));
    return { reached, release };
  }

  loadLeases(): Promise<Lease[]> {
    return Promise.resolve([...this.leases.values()]);
  }

  async commitLeases(changes: readonly LeaseChange[]): Promise<void> {
    this.#reached();
    await this.#held;
    if (this.failure !== undefined) throw this.failure;
    this.commits.push(changes);
    for (const change of changes) {
      if (change.kind === 'put') this.leases.set(change.lease.address, change.lease);
      else this.leases.delete(change.address);
    }
  }
}
