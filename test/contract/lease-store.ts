import { describe, expect, test } from 'vitest';
import { type Ipv4Address, parseIpv4 } from '../../src/protocol/ipv4-address.ts';
import type { Lease } from '../../src/provision/dhcp/leases/lease.ts';
import { type MakePlace, StoreUnderTest } from './store-place.ts';

const address = (text: string): Ipv4Address => parseIpv4(text)!;

const lease = (last: number, extra: Partial<Lease> = {}): Lease => ({
  address: address(`10.0.1.${last}`),
  subnetId: 'rack1',
  clientKey: `mac:52:54:00:00:00:${last.toString(16).padStart(2, '0')}`,
  chaddr: `52:54:00:00:00:${last.toString(16).padStart(2, '0')}`,
  state: 'bound',
  boundAt: 1_790_000_000_000,
  expiresAt: 1_790_000_600_000,
  ...extra,
});

const put = (one: Lease) => ({ kind: 'put', lease: one }) as const;

/** What every LeaseStore must do. */
export function describeLeaseStore(makePlace: MakePlace): void {
  describe('leases', () => {
    const under = new StoreUnderTest(makePlace);
    const leases = async (): Promise<Lease[]> =>
      (await under.store.leases.loadLeases()).sort((one, other) => one.address.localeCompare(other.address));

    test('an empty store has none, which is not an error', async () => {
      expect(await under.store.leases.loadLeases()).toEqual([]);
    });

    test('leases are read unchanged, also from a store that was opened again', async () => {
      const full = lease(2, {
        state: 'declined',
        clientId: '01525400000002',
        hostname: 'node2',
        relayInfo: '0104c0ffee00',
      });
      await under.store.leases.commitLeases([put(lease(1)), put(full)]);
      expect(await leases()).toEqual([lease(1), full]);
      await under.reopen();
      expect(await leases()).toEqual([lease(1), full]);
    });

    test('a lease without end is read without end', async () => {
      await under.store.leases.commitLeases([put(lease(1, { expiresAt: Infinity }))]);
      expect((await leases())[0]?.expiresAt).toBe(Infinity);
    });

    test('an address has one lease: the last one that was written, as a whole', async () => {
      await under.store.leases.commitLeases([
        put(lease(1, { hostname: 'old', clientId: 'ff' })),
        put(lease(1)),
      ]);
      await under.store.leases.commitLeases([put(lease(1, { state: 'released' }))]);
      expect(await leases()).toEqual([lease(1, { state: 'released' })]);
    });

    test('changes take effect in order', async () => {
      await under.store.leases.commitLeases([
        put(lease(1)),
        { kind: 'delete', address: address('10.0.1.1') },
      ]);
      expect(await leases()).toEqual([]);
      await under.store.leases.commitLeases([
        { kind: 'delete', address: address('10.0.1.1') },
        put(lease(1)),
      ]);
      expect(await leases()).toEqual([lease(1)]);
    });

    test('an empty commit, and deleting a missing lease, is not an error', async () => {
      await under.store.leases.commitLeases([]);
      await under.store.leases.commitLeases([{ kind: 'delete', address: address('10.0.1.9') }]);
      expect(await leases()).toEqual([]);
    });

    test('a commit is all or nothing', async () => {
      const broken = { ...lease(2), subnetId: null } as unknown as Lease;
      await expect(under.store.leases.commitLeases([put(lease(1)), put(broken)])).rejects.toThrow();
      expect(await leases()).toEqual([]);
      await under.store.leases.commitLeases([put(lease(3))]);
      expect(await leases()).toEqual([lease(3)]);
    });

    test('simultaneous commits are all done', async () => {
      await Promise.all(
        Array.from({ length: 50 }, (_, index) => under.store.leases.commitLeases([put(lease(index))])),
      );
      expect(await leases()).toHaveLength(50);
    });

    test('a commit of thousands is one transaction', async () => {
      const many = Array.from({ length: 5_000 }, (_, index) =>
        lease(1, { address: address(`10.1.${index >> 8}.${index & 255}`), clientKey: `mac:${index}` }),
      );
      await under.store.leases.commitLeases(many.map(put));
      expect(await leases()).toHaveLength(5_000);
    });

    test('a closed store rejects', async () => {
      const closed = await under.close();
      await expect(closed!.leases.loadLeases()).rejects.toThrow();
      await expect(closed!.leases.commitLeases([put(lease(1))])).rejects.toThrow();
    });
  });
}
