import pino from 'pino';
import { expect, test } from 'vitest';
import { DiscoveredMachines } from '../../src/machines/discovered-machines.ts';
import type { DiscoveredMachine } from '../../src/store/discovered-machine-store.ts';

test('a machine that there is no room for in the history is not stored either, until there is', () => {
  const stored: DiscoveredMachine[] = [];
  let room = false;
  const machines = new DiscoveredMachines(
    { recordDiscovered: (machine) => Promise.resolve(void stored.push(machine)) },
    { record: () => room },
    pino({ level: 'silent' }),
    () => new Date(0),
  );
  const labels = new Map([['mac', '52:54:00:00:00:01']]);
  const note = () => machines.note({ claimed: labels, remoteAddress: '10.0.0.1' });
  note();
  expect(stored).toEqual([]);
  room = true;
  note();
  note();
  expect(stored).toMatchObject([{ mac: '52:54:00:00:00:01', address: '10.0.0.1' }]);
});
