import { describe, expect, test } from 'vitest';
import { type Ipv4Address, parseIpv4 } from '../../src/protocol/ipv4-address.ts';
import { type MacAddress, parseMac } from '../../src/protocol/mac-address.ts';
import { type MakePlace, StoreUnderTest } from './store-place.ts';

const address = (text: string): Ipv4Address => parseIpv4(text)!;
const mac = (text: string): MacAddress => parseMac(text)!;

/** What every DiscoveredMachineStore must do. */
export function describeDiscoveredMachineStore(makePlace: MakePlace): void {
  describe('discovered machines', () => {
    const under = new StoreUnderTest(makePlace);

    test('an empty store has none, which is not an error', async () => {
      expect(await under.store.discovered.listDiscovered()).toEqual([]);
      expect(await under.store.discovered.pruneDiscovered({ newest: 1, atOnce: 1, at: new Date(0) })).toEqual(
        [],
      );
    });

    test('a machine that is seen again keeps its first time and its earlier labels', async () => {
      const first = {
        mac: mac('52:54:00:00:00:01'),
        serial: 'S1',
        arch: 'x86_64',
        firstSeenAt: new Date(1000),
        lastSeenAt: new Date(1000),
      };
      await under.store.discovered.recordDiscovered(first);
      await under.store.discovered.recordDiscovered({
        mac: first.mac,
        arch: 'arm64',
        address: address('10.0.1.7'),
        firstSeenAt: new Date(2000),
        lastSeenAt: new Date(2000),
      });
      const expected = {
        ...first,
        arch: 'arm64',
        address: '10.0.1.7',
        lastSeenAt: new Date(2000),
      };
      expect(await under.store.discovered.listDiscovered()).toEqual([expected]);
      await under.reopen();
      expect(await under.store.discovered.listDiscovered()).toEqual([expected]);
    });

    test('machines are listed by MAC address', async () => {
      for (const last of ['03', '01', '02']) {
        const seen = new Date(0);
        await under.store.discovered.recordDiscovered({
          mac: mac(`52:54:00:00:00:${last}`),
          firstSeenAt: seen,
          lastSeenAt: seen,
        });
      }
      expect((await under.store.discovered.listDiscovered()).map((one) => one.mac.slice(-2))).toEqual([
        '01',
        '02',
        '03',
      ]);
    });

    test('beyond the limit, machines that were seen longest ago are deleted, a few at a time', async () => {
      for (const [last, seconds] of [
        ['01', 3],
        ['02', 1],
        ['03', 2],
        ['04', 5],
        ['05', 4],
      ] as const) {
        const seen = new Date(seconds * 1000);
        await under.store.discovered.recordDiscovered({
          mac: mac(`52:54:00:00:00:${last}`),
          firstSeenAt: seen,
          lastSeenAt: seen,
        });
      }
      const prune = async () =>
        (await under.store.discovered.pruneDiscovered({ newest: 2, atOnce: 2, at: new Date(9_000) })).length;
      const left = async () =>
        (await under.store.discovered.listDiscovered()).map((one) => one.mac.slice(-2));
      expect(await prune()).toBe(2);
      expect(await left()).toEqual(['01', '04', '05']);
      expect(await prune()).toBe(1);
      expect(await left()).toEqual(['04', '05']);
      expect(await prune()).toBe(0);
    });
  });
}
