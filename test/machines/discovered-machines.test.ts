import pino from 'pino';
import { expect, test } from 'vitest';
import { parseMac } from '../../src/protocol/mac-address.ts';
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

test('a machine that a group selects and no record knows is listed with its group, until none selects it', () => {
  const machines = new DiscoveredMachines(
    { recordDiscovered: () => Promise.resolve() },
    { record: () => true },
    pino({ level: 'silent' }),
    () => new Date(0),
  );
  const mac = parseMac('52:54:00:00:00:01')!;
  const claimed = new Map([['mac', mac]]);
  machines.note({ claimed, remoteAddress: '10.0.0.1', group: 'rack1' });
  expect(machines.groupOf(mac)).toBe('rack1');
  machines.note({ claimed, remoteAddress: '10.0.0.1' });
  expect(machines.groupOf(mac)).toBeUndefined();
});
