import { describe, expect, test } from 'vitest';
import { type FactChange, factChanges } from '../../../../src/provision/machines/reports/facts-changes.ts';
import type { MachineFacts } from '../../../../src/provision/machines/reports/machine-facts.ts';

const SDA = { name: 'sda', serial: 'A1', size_bytes: 100 };
const SDB = { name: 'sdb', serial: 'B2', size_bytes: 200 };

describe('changes of facts', () => {
  test.each<[string, MachineFacts, MachineFacts, FactChange[]]>([
    ['none', { disks: [SDA] }, { disks: [SDA] }, []],
    ['a number', { memory_bytes: 1 }, { memory_bytes: 2 }, [{ field: 'memory_bytes', before: 1, after: 2 }]],
    ['a value that was unknown', {}, { bios: { version: '2.4' } }, [{ field: 'bios.version', after: '2.4' }]],
    [
      'a value that is missing now',
      { cpu: { model: 'X', count: 4 } },
      { cpu: { count: 4 } },
      [{ field: 'cpu.model', before: 'X' }],
    ],
    ['a new disk', { disks: [SDA] }, { disks: [SDA, SDB] }, [{ field: 'disks[B2]', after: SDB }]],
    [
      'a disk that was taken out',
      { disks: [SDA, SDB] },
      { disks: [SDB] },
      [{ field: 'disks[A1]', before: SDA }],
    ],
    [
      'disks that change their names keep their identity',
      { disks: [SDA, SDB] },
      {
        disks: [
          { ...SDB, name: 'sda' },
          { ...SDA, name: 'sdb' },
        ],
      },
      [
        { field: 'disks[A1].name', before: 'sda', after: 'sdb' },
        { field: 'disks[B2].name', before: 'sdb', after: 'sda' },
      ],
    ],
    [
      'a link that is lost',
      { nics: [{ name: 'eth0', mac: '52:54:00:00:00:01' as never, link: true }] },
      { nics: [{ name: 'eth0', mac: '52:54:00:00:00:01' as never, link: false }] },
      [{ field: 'nics[52:54:00:00:00:01].link', before: true, after: false }],
    ],
    [
      'two devices that have one serial number',
      {
        disks: [
          { name: 'sda', serial: 'X' },
          { name: 'sdb', serial: 'X', size_bytes: 1 },
        ],
      },
      {
        disks: [
          { name: 'sda', serial: 'X' },
          { name: 'sdb', serial: 'X', size_bytes: 2 },
        ],
      },
      [{ field: 'disks[X sdb].size_bytes', before: 1, after: 2 }],
    ],
  ])('%s', (_what, before, after, changes) => {
    expect(factChanges(before, after)).toEqual(changes);
  });
});
