import { expect, test } from 'vitest';
import { countMachines } from '../../src/machines/count-machines.ts';
import type { MacAddress } from '../../src/protocol/mac-address.ts';
import { newLife } from '../../src/provision/machines/lifecycle/life.ts';
import { discoveredMachineId } from '../../src/provision/machines/machine.ts';
import { lifeIn, NOW_MS } from '../provision/machines/lifecycle/some-lives.ts';

const card = (digit: number): MacAddress => `52:54:00:00:00:0${digit}` as MacAddress;
const seen = (digit: number) => ({ mac: card(digit), firstSeenAt: new Date(0), lastSeenAt: new Date(0) });

test('every machine counts once: by its life, its record, or because it was seen', async () => {
  const stalled = { stalled: { sinceMs: NOW_MS, message: 'no report' } };
  const counts = await countMachines({
    lives: [
      { ...lifeIn('installing'), machineId: 'a', conditions: stalled },
      { ...lifeIn('armed', 'rescue'), machineId: 'b' },
      // It was discovered, and has a record by now.
      { ...newLife('c', false), machineId: 'c' },
      { ...lifeIn('discovered'), machineId: discoveredMachineId(card(1)) },
    ],
    declared: 5,
    isDeclared: (id) => ['a', 'b', 'c'].includes(id),
    discovered: [seen(1), seen(2), seen(3)],
    hasRecord: ({ mac }) => mac === card(3),
    pause: () => Promise.resolve(),
  });
  const nonZero = (counted: ReadonlyMap<string, number>) =>
    Object.fromEntries([...counted].filter(([, number]) => number > 0));
  expect(nonZero(counts.states)).toEqual({ installing: 1, armed: 1, ready: 3, discovered: 2 });
  expect(counts.states.get('installed')).toBe(0);
  expect(nonZero(counts.conditions)).toEqual({ stalled: 1 });
  expect(nonZero(counts.arms)).toEqual({ install: 1, rescue: 1 });
});
