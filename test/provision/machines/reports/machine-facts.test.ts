import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readFacts } from '../../../../src/provision/machines/reports/machine-facts.ts';

const SERVER = {
  cpu: { model: 'AMD EPYC 7313P 16-Core Processor', architecture: 'x86_64', count: 32 },
  memory_bytes: 137_438_953_472,
  disks: [
    {
      name: 'nvme0n1',
      size_bytes: 1_920_383_410_176,
      model: 'SAMSUNG MZQL21T9HCJR',
      serial: 'S64GNE0R',
      rotational: false,
    },
    { name: 'sda', size_bytes: 4_000_787_030_016, wwn: '0x5000c500a1b2c3d4', rotational: true },
  ],
  nics: [
    { name: 'enp65s0f0', mac: '52:54:00:a1:9c:ae', link: true, speed_mbps: 25_000, driver: 'mlx5_core' },
  ],
  bmc: { address: '10.1.2.3', mac: '52:54:00:a1:9c:af' },
  system: {
    vendor: 'Supermicro',
    product: 'AS-1114S',
    serial: 'S12345',
    uuid: '7261696c-6865-4164-8000-525400770001',
  },
  board: { vendor: 'Supermicro', product: 'H12SSW', version: '1.02' },
  bios: { vendor: 'American Megatrends', version: '2.4', date: '04/18/2022' },
};

const copy = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('facts', () => {
  test('of a server are kept as they are', () => {
    expect(readFacts(copy(SERVER))).toEqual({ facts: SERVER, notes: [] });
  });

  test('are the same in whatever order the kernel found the devices', () => {
    const turned = { ...SERVER, disks: SERVER.disks.toReversed() };
    expect(readFacts(copy(turned)).facts).toEqual(SERVER);
  });

  test.each<[string, object, object | undefined]>([
    [
      'numbers in quotes',
      { memory_bytes: '1024', cpu: { count: '4' } },
      { memory_bytes: 1024, cpu: { count: 4 } },
    ],
    [
      'flags as lsblk and sysfs write them',
      { disks: [{ name: 'sda', rotational: '1' }], nics: [{ name: 'eth0', link: 0 }] },
      { disks: [{ name: 'sda', rotational: true }], nics: [{ name: 'eth0', link: false }] },
    ],
    [
      'a MAC address in another spelling',
      { nics: [{ name: 'eth0', mac: '52-54-00-A1-9C-AE' }] },
      { nics: [{ name: 'eth0', mac: '52:54:00:a1:9c:ae' }] },
    ],
    [
      'placeholders of a maker and empty values',
      { system: { serial: 'To Be Filled By O.E.M.', vendor: '', product: ' AS-1 ' } },
      { system: { product: 'AS-1' } },
    ],
    ['control characters', { cpu: { model: 'a\u001b[2J' } }, { cpu: { model: 'a\\u001b[2J' } }],
    ['nothing', {}, undefined],
  ])('%s', (_what, given, facts) => {
    expect(readFacts(copy(given))).toEqual({ facts, notes: [] });
  });
});

describe('a value that cannot be used is left out alone', () => {
  test.each<[string, object, object | undefined, string]>([
    [
      'an unknown key',
      { memory_bytes: 1, gpus: 2 },
      { memory_bytes: 1 },
      'facts.gpus is unknown, and was left out',
    ],
    [
      'an unknown key of a device',
      { disks: [{ name: 'sda', smart: 'ok' }] },
      { disks: [{ name: 'sda' }] },
      'facts.disks[0].smart is unknown, and was left out',
    ],
    [
      'a speed of a card without a link',
      { nics: [{ name: 'eth0', speed_mbps: -1 }] },
      { nics: [{ name: 'eth0' }] },
      'facts.nics[0].speed_mbps is not valid, and was left out',
    ],
    [
      'an address of InfiniBand',
      { nics: [{ name: 'ib0', mac: '80:00:02:08:fe:80:00:00:00:00:00:00:00:11:22:33:44:55:66:77' }] },
      { nics: [{ name: 'ib0' }] },
      'facts.nics[0].mac is not valid, and was left out',
    ],
    [
      'a device without a name',
      { disks: [{ size_bytes: 1 }, { name: 'sdb' }] },
      { disks: [{ name: 'sdb' }] },
      'facts.disks[0] is not valid, and was left out',
    ],
    [
      'a device that is a text',
      { nics: ['eth0', { name: 'eth1' }] },
      { nics: [{ name: 'eth1' }] },
      'facts.nics[0] is not valid, and was left out',
    ],
    [
      'a list that is an object',
      { memory_bytes: 1, disks: { name: 'sda' } },
      { memory_bytes: 1 },
      'facts.disks is not valid, and was left out',
    ],
    [
      'an address that is none',
      { bmc: { address: '10.1.2.300', mac: '52:54:00:00:00:01' } },
      { bmc: { mac: '52:54:00:00:00:01' } },
      'facts.bmc.address is not valid, and was left out',
    ],
  ])('%s', (_what, given, facts, note) => {
    expect(readFacts(copy(given))).toEqual({ facts, notes: [note] });
  });

  test('more devices than a machine has', () => {
    const disks = Array.from({ length: 100 }, (_, index) => ({ name: `sd${index}` }));
    const { facts, notes } = readFacts({ disks });
    expect(facts?.disks).toHaveLength(64);
    expect(notes).toEqual(['facts.disks has more than 64 entries; the others were left out']);
  });

  test('notes are bounded', () => {
    const unknown = Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`key${index}`, 0]));
    const { notes } = readFacts(unknown);
    expect(notes).toHaveLength(21);
    expect(notes.at(-1)).toBe('2980 further values were left out');
  });

  test('whatever JSON it is, reading ends, and reading the result again changes nothing', () => {
    const keys = fc.constantFrom(
      'cpu',
      'memory_bytes',
      'disks',
      'nics',
      'bmc',
      'system',
      'name',
      'mac',
      'model',
      'count',
      '__proto__',
      'toString',
    );
    const leaf = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom('52:54:00:a1:9c:ae', 'sda', 5));
    const inner = fc.dictionary(keys, leaf, { maxKeys: 6 });
    const list = fc.array(fc.oneof(inner, leaf), { maxLength: 5 });
    const anyFacts = fc.dictionary(keys, fc.oneof(leaf, inner, list), { maxKeys: 8 });
    fc.assert(
      fc.property(anyFacts, (value) => {
        const { facts } = readFacts(JSON.parse(JSON.stringify(value)));
        if (facts !== undefined) expect(readFacts(copy(facts))).toEqual({ facts, notes: [] });
      }),
      { numRuns: 500 },
    );
  });
});
