import { expect, test } from 'vitest';
import { historyLines } from '../../src/cli/machine-history-text.ts';

test('what a machine has told of itself is a line for each device, change and report', () => {
  const lines = historyLines({
    hardware: {
      reported_at: 'T2',
      changed_at: 'T1',
      facts: {
        system: { vendor: 'Dell Inc.', product: 'R640' },
        cpu: { count: 64, model: 'Xeon' },
        memory_bytes: 137_438_953_472,
        disks: [{ name: 'nvme0n1', size_bytes: 1_920_383_410_176, serial: 'S64G' }],
        nics: [
          { name: 'eno1', mac: '52:54:00:00:00:01' as never, link: true, speed_mbps: 25000 },
          { name: 'eno2', link: false, speed_mbps: 1 },
        ],
        bmc: { address: '10.0.9.1' },
      },
      changes: [
        {
          at: 'T1',
          changes: [
            { field: 'memory_bytes', before: 8, after: 16 },
            { field: 'disks[S1]', before: {} },
            { field: 'bios.vendor', after: 'x' },
          ],
        },
      ],
    },
    reports: [
      { at: 'T2', status: 'failed', phase: 'disk', message: 'no disk', log: ['line 1', 'line 2'] },
      { at: 'T1', status: 'progress', message: 'started', log: ['not shown'] },
    ],
  });
  expect(lines).toEqual([
    ['hardware', 'Dell Inc. R640, 64 CPUs, Xeon, 128 GiB of memory, BMC 10.0.9.1; reported at T2'],
    ['disk', 'nvme0n1, 1920 GB, serial S64G'],
    ['card', 'eno1, 52:54:00:00:00:01, 25000 Mbit/s'],
    ['card', 'eno2, no link'],
    ['changed', 'T1 memory_bytes: 8, now 16'],
    ['changed', 'T1 disks[S1] is gone'],
    ['changed', 'T1 bios.vendor is new'],
    ['report', 'T2 failed disk: no disk'],
    ['report', 'T1 progress: started'],
    ['log', 'line 1'],
    ['log', 'line 2'],
  ]);
  expect(historyLines({ reports: [] })).toEqual([]);
});
