import { describe, expect, test } from 'vitest';
import { type Ipv4Address, parseIpv4 } from '../../src/protocol/ipv4-address.ts';
import { type MacAddress, parseMac } from '../../src/protocol/mac-address.ts';
import type { BootSessionSummary } from '../../src/provision/history/session-progress.ts';
import { type MakePlace, StoreUnderTest } from './store-place.ts';

const session = (
  id: string,
  seconds: number,
  changes: Partial<BootSessionSummary> = {},
): BootSessionSummary => ({
  id,
  startedAt: new Date(seconds * 1000),
  lastAt: new Date(seconds * 1000 + 500),
  phase: 'script',
  steps: [{ phase: 'script', at: new Date(seconds * 1000), summary: 'iPXE script' }],
  diagnosis: { verdict: 'moving', text: 'iPXE script' },
  ...changes,
});

/** What every BootSessionStore must do. */
export function describeBootSessionStore(makePlace: MakePlace): void {
  describe('boot sessions', () => {
    const under = new StoreUnderTest(makePlace);
    const ids = async (query: object = {}): Promise<string[]> =>
      (await under.store.sessions.listSessions({ limit: 100, ...query })).map(({ id }) => id);

    test('an empty store has none, which is not an error', async () => {
      expect(await ids()).toEqual([]);
    });

    test('a session is stored as a whole, and the latest state of it counts, also within one call', async () => {
      const whole = session('a', 2, {
        machineId: 'node1',
        mac: parseMac('52:54:00:00:00:01') as MacAddress,
        address: parseIpv4('10.0.0.11') as Ipv4Address,
        diagnosis: { verdict: 'stuck', text: 'no kernel', advice: 'look at the screen' },
      });
      await under.store.sessions.recordSessions([session('a', 2)]);
      await under.store.sessions.recordSessions([session('a', 2, { phase: 'dhcp' }), session('b', 1), whole]);
      await under.reopen();
      expect(await under.store.sessions.listSessions({ limit: 10 })).toEqual([whole, session('b', 1)]);
    });

    test('a session without machine, phase and address is stored as such', async () => {
      const { phase: _none, ...bare } = session('a', 1, { steps: [] });
      await under.store.sessions.recordSessions([bare]);
      expect(await under.store.sessions.listSessions({ limit: 10 })).toEqual([bare]);
      expect(await under.store.sessions.findSession(bare.id)).toEqual(bare);
      expect(await under.store.sessions.findSession('nobody')).toBeUndefined();
    });

    test('the latest are listed first, in pages, by machine, phase and verdict', async () => {
      await under.store.sessions.recordSessions([
        session('a', 1, { machineId: 'node1' }),
        session('b', 2, { machineId: 'node2', phase: 'kernel' }),
        session('c', 2, { machineId: 'node1', diagnosis: { verdict: 'stuck', text: '' } }),
        session('d', 3),
      ]);
      expect(await ids()).toEqual(['d', 'c', 'b', 'a']);
      expect(await ids({ limit: 2 })).toEqual(['d', 'c']);
      expect(await ids({ before: { startedAt: new Date(2000), id: 'c' } })).toEqual(['b', 'a']);
      expect(await ids({ machineId: 'node1' })).toEqual(['c', 'a']);
      expect(await ids({ phase: 'kernel' })).toEqual(['b']);
      expect(await ids({ verdict: 'stuck' })).toEqual(['c']);
    });

    test('old and surplus ones are deleted, the oldest first, a limited number at a time', async () => {
      await under.store.sessions.recordSessions([1, 2, 3, 4, 5].map((at) => session(`s${at}`, at)));
      const prune = (newest: number, atOnce: number, seconds: number): Promise<number> =>
        under.store.sessions.pruneSessions({ newest, atOnce, before: new Date(seconds * 1000) });
      expect(await prune(10, 100, 2)).toBe(1);
      expect(await ids()).toEqual(['s5', 's4', 's3', 's2']);
      expect(await prune(2, 1, 0)).toBe(1);
      expect(await ids()).toEqual(['s5', 's4', 's3']);
      expect(await prune(2, 100, 0)).toBe(1);
      expect(await prune(2, 100, 0)).toBe(0);
      expect(await ids()).toEqual(['s5', 's4']);
    });
  });
}
