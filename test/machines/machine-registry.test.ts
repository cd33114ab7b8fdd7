import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { parseIpv4 } from '../../src/protocol/ipv4-address.ts';
import { type MacAddress, parseMac } from '../../src/protocol/mac-address.ts';
import { FILES_SOURCE, type MachineChange } from '../../src/machines/machine-records.ts';
import { MachineRegistry } from '../../src/machines/machine-registry.ts';
import type { Machine } from '../../src/provision/machines/machine.ts';

const mac = (index: number): MacAddress => parseMac(`0200${index.toString(16).padStart(8, '0')}`)!;
const machine = (fields: Partial<Machine> & { readonly id: string }): Machine => ({
  macs: [],
  labels: {},
  metadata: {},
  ...fields,
});

function watched(): { registry: MachineRegistry; changes: string[] } {
  const registry = new MachineRegistry(() => performance.now());
  const changes: string[] = [];
  registry.onChange((batch: readonly MachineChange[]) =>
    changes.push(...batch.map(({ id, kind, source }) => `${source} ${kind} ${id}`)),
  );
  return { registry, changes };
}

test('if a source declares all of its machines again, only differences are changes', async () => {
  const { changes, registry } = watched();
  const same = {
    id: 'same',
    macs: [mac(1)],
    labels: { rack: '1' },
    dhcpOptions: new Map([[26, Uint8Array.of(5, 120)]]),
  };
  await registry.declareAll(
    FILES_SOURCE,
    [machine(same), machine({ id: 'edited', hostname: 'a' }), machine({ id: 'dropped', macs: [mac(3)] })],
    nextTurn,
  );
  expect(changes.splice(0)).toEqual([
    'files declared same',
    'files declared edited',
    'files declared dropped',
  ]);
  await registry.declareAll(
    FILES_SOURCE,
    [
      machine({ ...same, dhcpOptions: new Map([[26, Uint8Array.of(5, 120)]]) }),
      machine({ id: 'edited', hostname: 'b' }),
      machine({ id: 'new', macs: [mac(3)] }),
    ],
    nextTurn,
  );
  expect(changes).toEqual(['files gone dropped', 'files changed edited', 'files declared new']);
  expect(registry.identify({ mac: mac(3) }).machine?.id).toBe('new');
  expect(registry.find('edited')?.machine.hostname).toBe('b');
  expect(registry.size).toBe(3);
});

test('one record is merged from all sources: files have precedence, and differences are reported', () => {
  const { registry } = watched();
  registry.put(
    'netbox',
    machine({
      id: 'n',
      macs: [mac(2)],
      address: parseIpv4('10.0.0.9')!,
      hostname: 'n.example',
      labels: { rack: '2', site: 'a' },
      metadata: { disk: '/dev/sdb' },
      disabled: true,
    }),
  );
  registry.put(
    FILES_SOURCE,
    machine({
      id: 'n',
      macs: [mac(1)],
      address: parseIpv4('10.0.0.8')!,
      labels: { rack: '1' },
      metadata: { disk: '/dev/sda' },
      disabled: false,
    }),
  );
  expect(registry.find('n')).toEqual({
    machine: {
      id: 'n',
      macs: [mac(1), mac(2)],
      address: '10.0.0.8',
      hostname: 'n.example',
      labels: { rack: '1', site: 'a' },
      metadata: { disk: '/dev/sda' },
      disabled: true,
    },
    sources: ['files', 'netbox'],
    fieldConflicts: [
      { field: 'address', follows: 'files', ignores: 'netbox' },
      { field: 'labels.rack', follows: 'files', ignores: 'netbox' },
      { field: 'metadata.disk', follows: 'files', ignores: 'netbox' },
    ],
    contestedClaims: [],
  });
  registry.remove(FILES_SOURCE, 'n');
  expect(registry.find('n')).toMatchObject({
    sources: ['netbox'],
    fieldConflicts: [],
    machine: { address: '10.0.0.9' },
  });
  expect(registry.identify({ mac: mac(1) }).machine).toBeUndefined();
  registry.remove('netbox', 'n');
  expect(registry.find('n')).toBeUndefined();
});

test('two machines claim one card: the one of the files has it, and both report it', () => {
  const { registry } = watched();
  registry.put('netbox', machine({ id: 'a', macs: [mac(1)] }));
  registry.put(FILES_SOURCE, machine({ id: 'b', macs: [mac(1)] }));
  expect(registry.identify({ mac: mac(1) }).machine?.id).toBe('b');
  const contested = [{ what: `MAC address ${mac(1)}`, holder: 'b', others: ['a'] }];
  expect(registry.find('a')?.contestedClaims).toEqual(contested);
  expect(registry.find('b')?.contestedClaims).toEqual(contested);
});

test('declarations from before the start are known, and declaring them again is not a change', async () => {
  const { changes, registry } = watched();
  registry.restore([
    { source: FILES_SOURCE, machine: machine({ id: 'kept', macs: [mac(1)] }) },
    { source: FILES_SOURCE, machine: machine({ id: 'dropped', macs: [mac(2)] }) },
  ]);
  expect(registry.identify({ mac: mac(1) }).machine?.id).toBe('kept');
  await registry.declareAll(FILES_SOURCE, [machine({ id: 'kept', macs: [mac(1)] })], nextTurn);
  expect(changes).toEqual(['files gone dropped']);
});

test('a hundred thousand machines are loaded in slices, and one of them can be changed without the others', async () => {
  const { changes, registry } = watched();
  const many = Array.from({ length: 100_000 }, (_, index) =>
    machine({ id: `m${index}`, macs: [mac(index)] }),
  );
  let pauses = 0;
  let clockMs = 0;
  // A clock that advances a whole slice with every call, so that each slice is followed by a pause.
  const sliced = new MachineRegistry(() => (clockMs += 5));
  await sliced.declareAll(FILES_SOURCE, many, () => Promise.resolve(void pauses++));
  expect(pauses).toBeGreaterThan(1000);
  await registry.declareAll(FILES_SOURCE, many, nextTurn);
  expect(registry.size).toBe(100_000);
  expect(registry.identify({ mac: mac(77_777) }).machine?.id).toBe('m77777');
  changes.length = 0;
  registry.put(FILES_SOURCE, machine({ id: 'm5', macs: [mac(5)], hostname: 'five' }));
  expect(changes).toEqual(['files changed m5']);
});

describe('all machines of a source take effect together', () => {
  const fleet = (count: number, hostname: string): Machine[] =>
    Array.from({ length: count }, (_, index) => machine({ id: `m${index}`, macs: [mac(index)], hostname }));
  /** A registry that pauses at every check of its clock. */
  const pausing = (): MachineRegistry => {
    let clockMs = 0;
    return new MachineRegistry(() => (clockMs += 100));
  };
  const namesOf = (registry: MachineRegistry, count: number): string => {
    const names = [0, count >> 1, count - 1].map(
      (index) => registry.identify({ mac: mac(index) }).machine?.hostname ?? 'nobody',
    );
    return [...new Set(names)].join(' and ');
  };

  test.each([10, 2_500])(
    'with %d machines no intermediate state is visible, neither of them nor of what is published with them',
    async (count) => {
      const registry = pausing();
      let generation = 'none';
      const seen = new Set<string>();
      const look = (): Promise<void> => {
        seen.add(`${generation}: ${namesOf(registry, count)}`);
        return Promise.resolve();
      };
      await registry.declareAll(FILES_SOURCE, fleet(count, 'a'), look, () => (generation = 'a'));
      await registry.declareAll(FILES_SOURCE, fleet(count, 'b'), look, () => (generation = 'b'));
      await look();
      expect([...seen]).toEqual(['none: nobody', 'a: a', 'b: b']);
    },
  );

  test('other changes while they are prepared are not lost', async () => {
    const registry = pausing();
    registry.put('netbox', machine({ id: 'gone', macs: [mac(9_001)] }));
    registry.put('netbox', machine({ id: 'edited', macs: [mac(9_002)], hostname: 'before' }));
    let pauses = 0;
    const change = (): Promise<void> => {
      if (++pauses === 5_000) {
        registry.remove('netbox', 'gone');
        registry.put('netbox', machine({ id: 'edited', macs: [mac(9_002)], hostname: 'after' }));
        registry.put('netbox', machine({ id: 'm7', macs: [mac(9_003)] }));
      }
      return Promise.resolve();
    };
    await registry.declareAll(FILES_SOURCE, fleet(3_000, 'a'), change);
    expect(pauses).toBeGreaterThan(5_000);
    expect(registry.identify({ mac: mac(9_001) }).machine).toBeUndefined();
    expect(registry.identify({ mac: mac(9_002) }).machine?.hostname).toBe('after');
    expect(registry.find('m7')).toMatchObject({ sources: ['files', 'netbox'], machine: { hostname: 'a' } });
    expect(registry.size).toBe(3_001);
  });

  test('listeners get the first changes in the turn in which all take effect', async () => {
    const registry = pausing();
    let turn = 0;
    let effective: number | undefined;
    const told: number[] = [];
    registry.onChange(() => told.push(turn));
    const pause = (): Promise<void> => Promise.resolve(void turn++);
    await registry.declareAll(FILES_SOURCE, fleet(2_500, 'a'), pause, () => (effective = turn));
    expect(told).toHaveLength(3);
    expect(told[0]).toBe(effective);
  });

  test('a source that fails to load does not block later ones', async () => {
    const registry = pausing();
    const failing = registry.declareAll('netbox', fleet(10, 'a'), () => Promise.reject(new Error('stopped')));
    await expect(failing).rejects.toThrow('stopped');
    await registry.declareAll(FILES_SOURCE, fleet(10, 'b'), nextTurn);
    expect(namesOf(registry, 10)).toBe('b');
  });
});
