import pino from 'pino';
import { expect, test } from 'vitest';
import { parseMac } from '../../src/protocol/mac-address.ts';
import { DiscoveredMachines } from '../../src/machines/discovered-machines.ts';
import type { DiscoveredMachine } from '../../src/store/discovered-machine-store.ts';

const recordingInto = (stored: DiscoveredMachine[]) => ({
  recordDiscovered: (machine: DiscoveredMachine) => {
    stored.push(machine);
    return Promise.resolve([]);
  },
});

test('a machine whose event is over the limits is not stored either, until it is within them', () => {
  const stored: DiscoveredMachine[] = [];
  let room = false;
  const machines = new DiscoveredMachines(
    recordingInto(stored),
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

test('a machine without a record that a group selects is listed with its group, until none selects it', () => {
  const machines = new DiscoveredMachines(
    recordingInto([]),
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

test('a machine that the store has deleted counts against the limit of new ones when it returns', () => {
  const stored: DiscoveredMachine[] = [];
  const told: string[] = [];
  let room = true;
  let nowMs = 0;
  const machines = new DiscoveredMachines(
    recordingInto(stored),
    {
      record: ({ kind }) => {
        told.push(kind);
        return room;
      },
    },
    pino({ level: 'silent' }),
    () => new Date(nowMs),
  );
  const mac = parseMac('52:54:00:00:00:01')!;
  const note = () => machines.note({ claimed: new Map([['mac', mac]]), remoteAddress: '10.0.0.1' });
  const written = (kind: 'machine.gone' | 'machine.discovered', source: string) =>
    machines.noteWritten([
      { number: 1, at: new Date(0), machineId: '52-54-00-00-00-01', kind, source, detail: {} },
    ]);
  note();
  written('machine.discovered', 'discovered');
  written('machine.gone', 'files');
  nowMs = 120_000;
  note();
  expect([told.length, stored.length]).toEqual([1, 2]);
  room = false;
  written('machine.gone', 'discovered');
  note();
  expect([told.length, stored.length]).toEqual([2, 2]);
  room = true;
  note();
  expect([told.length, stored.length]).toEqual([3, 3]);
});
