import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { canMakeNamespaces, NetworkLab } from '../../src/lab/network-lab.ts';
import { findProgram } from '../support/find-program.ts';
import { fillDisk } from '../support/full-disk.ts';
import { DhcpProcess } from './dhcp-process.ts';

// Faults of the host under a running server: its disk fills up, its interface is removed and added again.

const runnable = canMakeNamespaces && findProgram('udhcpc') !== undefined;
if (!runnable) console.warn('skipping faults of the host under DHCP: needs root and udhcpc');

let lab: NetworkLab;
let folder: string;
let inner: string;
let outer: string;
beforeEach(() => {
  if (!runnable) return;
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-faults-'));
  lab = new NetworkLab('rhf');
  [inner, outer] = [lab.addNamespace('s'), lab.addNamespace('c')];
  connect();
});
afterEach(async () => {
  if (!runnable) return;
  await lab.remove();
  rmSync(folder, { recursive: true });
});

/** A cable from the server to two clients, one of which has a further interface on it. */
function connect(): void {
  lab.connect(inner, 's0', outer, 'e0');
  lab.ip('-n', inner, 'addr', 'add', '10.77.0.1/24', 'dev', 's0');
  lab.ip('-n', outer, 'link', 'add', 'e1', 'link', 'e0', 'type', 'macvlan', 'mode', 'bridge');
  lab.ip('-n', outer, 'link', 'set', 'e1', 'up');
}

function startServer(store: string): Promise<DhcpProcess> {
  return DhcpProcess.start(inner, {
    store,
    logLevel: 'debug',
    conflictDetection: 'off',
    subnets: [{ interface: 's0', cidr: '10.77.0.0/24', first: '10.77.0.10', last: '10.77.0.99' }],
  });
}

const script = path.join(import.meta.dirname, 'udhcpc.script');

/** Requests a lease, and returns the address, or undefined if there was none within `tries` seconds. */
async function lease(device: string, tries = 10): Promise<string | undefined> {
  const { stdout } = await lab.run(outer, 'udhcpc', [
    '-f', '-i', device, '-s', script, '-n', '-q', '-t', String(tries), '-T', '1',
  ]); // prettier-ignore
  return /^bound ip=(\S+)/m.exec(stdout)?.[1];
}

test.skipIf(!runnable)(
  'on a full disk no client gets a new lease, existing ones are renewed, and new ones are given once there is space',
  async () => {
    const disk = path.join(folder, 'disk');
    execFileSync('mkdir', [disk]);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'none', disk]);
    try {
      const server = await startServer(path.join(disk, 'railhead.db'));
      const client = lab.start(outer, 'udhcpc', ['-f', '-i', 'e0', '-s', script, '-t', '10', '-T', '1']);
      const lines = createInterface(client.stdout)[Symbol.asyncIterator]();
      const next = async (start: string): Promise<string> => {
        for (;;) {
          const line: IteratorResult<string, undefined> = await lines.next();
          if (line.value === undefined) throw new Error(`udhcpc ended and never said ${start}`);
          if (line.value.startsWith(start)) return line.value;
        }
      };
      const mine = /ip=(\S+)/.exec(await next('bound'))?.[1];

      fillDisk(path.join(disk, 'something-else'));
      expect(await lease('e1', 3)).toBeUndefined();
      await server.line({ level: 'error', failure: 'full' });
      client.kill('SIGUSR1');
      expect(await next('renew')).toContain(`ip=${mine} `);

      rmSync(path.join(disk, 'something-else'));
      expect(await lease('e1')).toMatch(/^10\.77\.0\./);
      const { counters } = await server.stop();
      expect(counters['dhcp_faults']).toEqual({ '': 0 });
      expect(counters['dhcp_ignored']?.['store_failed']).toBeGreaterThan(0);
    } finally {
      execFileSync('umount', ['--lazy', disk]);
    }
  },
);

test.skipIf(!runnable)(
  'an interface that is removed and added again, or changes its address, is served again',
  async () => {
    const server = await startServer(path.join(folder, 'railhead.db'));
    expect(await lease('e1')).toMatch(/^10\.77\.0\./);

    lab.ip('-n', inner, 'link', 'del', 's0');
    connect();
    await server.line({ msg: 'the interface has changed' });
    expect(await lease('e1', 20)).toMatch(/^10\.77\.0\./);

    server.lines.length = 0;
    lab.ip('-n', inner, 'addr', 'del', '10.77.0.1/24', 'dev', 's0');
    lab.ip('-n', inner, 'addr', 'add', '10.77.0.2/24', 'dev', 's0');
    await server.line({ msg: 'dhcp listens on ports 67 and 4011', interface: 's0' });
    const { stdout } = await lab.run(outer, 'udhcpc', [
      '-f', '-i', 'e0', '-s', script, '-n', '-q', '-t', '20', '-T', '1',
    ]); // prettier-ignore
    expect(stdout).toMatch(/^bound ip=10\.77\.0\.\d+ subnet=255\.255\.255\.0 serverid=10\.77\.0\.2 /m);

    const { counters } = await server.stop();
    expect(counters['dhcp_faults']).toEqual({ '': 0 });
  },
);
