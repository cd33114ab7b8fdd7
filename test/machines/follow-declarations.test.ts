import { pino } from 'pino';
import { expect, test } from 'vitest';
import { Counters } from '../../src/limits/counters.ts';
import { followDeclarations } from '../../src/machines/follow-declarations.ts';
import { Lives } from '../../src/machines/lives.ts';
import { MachineRegistry } from '../../src/machines/machine-registry.ts';
import type { MacAddress } from '../../src/protocol/mac-address.ts';
import { FakeLifeStore } from '../fakes/fake-life-store.ts';
import { lifeIn, NOW_MS } from '../provision/machines/lifecycle/some-lives.ts';

test('a machine that was known before it is declared goes on under the id of its record; of others nothing is stored', async () => {
  const store = new FakeLifeStore();
  const keep = (machineId: string, state: Parameters<typeof lifeIn>[0]): void => {
    store.stored.set(machineId, JSON.stringify({ ...lifeIn(state), machineId }));
  };
  keep('52-54-00-00-00-01', 'installed');
  keep('52-54-00-00-00-02', 'discovered');
  const log = pino({ level: 'silent' });
  const now = (): Date => new Date(NOW_MS);
  const lives = await Lives.load({
    store,
    counters: new Counters(),
    log,
    now,
    nowMs: () => 0,
    limits: { stallAfterMs: 1 },
  });
  const machines = new MachineRegistry(() => 0);
  followDeclarations(machines, lives, log);
  for (const [id, card] of [
    ['node1', '52:54:00:00:00:01'],
    ['52-54-00-00-00-02', '52:54:00:00:00:02'],
    ['node3', '52:54:00:00:00:03'],
  ] as const) {
    machines.put('files', { id, macs: [card as MacAddress], labels: {}, metadata: {} });
  }
  await lives.close();
  const stored = [...store.stored.values()].map(
    (text) => JSON.parse(text) as { machineId: string; state: string },
  );
  expect(stored.map(({ machineId, state }) => [machineId, state]).toSorted()).toEqual([
    ['52-54-00-00-00-02', 'ready'],
    ['node1', 'installed'],
  ]);
});
