import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { canMakeNamespaces, findProgram, NetworkLab } from '../../src/lab/network-lab.ts';
import { DhcpProcess } from './dhcp-process.ts';

// What can go wrong below a DHCP server while it runs: the disk, and the network interface.

const missing = ['udhcpc', 'mount'].filter((name) => findProgram(name) === undefined);
const runnable = canMakeNamespaces && missing.length === 0;
if (!runnable) {
  console.warn(
    `skipping trouble of DHCP: ${missing.length > 0 ? `not installed: ${missing.join(' ')}` : 'not root'}`,
  );
}

let lab: NetworkLab;
let folder: string;
let inside: string;
let outside: string;
let server: DhcpProcess;

beforeEach(() => {
  if (!runnable) return;
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-trouble-'));
  lab = new NetworkLab('rhq');
  inside = lab.addNamespace('s');
  outside = lab.addNamespace('c');
  plugIn('10.77.0.1/24');
});

afterEach(async () => {
  if (!runnable) return;
  await server.kill();
  await lab.remove();
  rmSync(folder, { recursive: true });
});

/** Makes the cable between server and clients, and a client's card at the other end for each of `a0` and `b0`. */
function plugIn(address: string): void {
  lab.connect(inside, 's0', outside, 'c0');
  lab.ip('-n', inside, 'addr', 'add', address, 'dev', 's0');
  for (const [card, mac] of [
    ['a0', '52:54:00:00:00:0a'],
    ['b0', '52:54:00:00:00:0b'],
  ] as const) {
    lab.ip(
      '-n',
      outside,
      'link',
      'add',
      card,
      'link',
      'c0',
      'address',
      mac,
      'type',
      'macvlan',
      'mode',
      'bridge',
    );
    lab.ip('-n', outside, 'link', 'set', card, 'up');
  }
}

async function startServer(store: string): Promise<void> {
  server = await DhcpProcess.start(inside, {
    store,
    logLevel: 'info',
    conflictDetection: 'off',
    subnets: [{ interface: 's0', cidr: '10.77.0.0/24', first: '10.77.0.50', last: '10.77.0.99' }],
  });
}

/** Asks for a lease, at most `tries` times a second apart: `ip=... serverid=...`, or undefined. */
async function askForLease(card: string, tries: number): Promise<string | undefined> {
  const script = path.join(import.meta.dirname, 'udhcpc.script');
  const { text } = await lab.run(outside, 'udhcpc', [
    '-f', '-n', '-q', '-i', card, '-s', script, '-t', String(tries), '-T', '1',
  ]); // prettier-ignore
  return /^bound (ip=\S+) .*(serverid=\S+)/m.exec(text)?.slice(1, 3).join(' ');
}

describe.skipIf(!runnable)('D30 a full disk', () => {
  let disk: string;

  beforeEach(() => {
    disk = path.join(folder, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
  });

  afterEach(() => void execFileSync('umount', ['--lazy', disk]));

  test('gives nobody a lease that is not stored, and goes on when there is room', async () => {
    await startServer(path.join(disk, 'railhead.db'));
    expect(await askForLease('a0', 5)).toBe('ip=10.77.0.50 serverid=10.77.0.1');

    const ballast = path.join(disk, 'ballast');
    expect(() => writeFileSync(ballast, Buffer.alloc(2 << 20))).toThrow('ENOSPC');
    expect(await askForLease('b0', 3)).toBeUndefined();
    await server.line({ msg: 'leases cannot be stored: new clients get no address until they can' });

    rmSync(ballast);
    expect(await askForLease('b0', 10)).toMatch(/^ip=10\.77\.0\.5[1-9] /);
  });
});

describe.skipIf(!runnable)('D31 the interface', () => {
  test('may go and come back, with another address', async () => {
    await startServer(path.join(folder, 'railhead.db'));
    const before = await askForLease('a0', 5);
    expect(before).toBe('ip=10.77.0.50 serverid=10.77.0.1');

    lab.ip('-n', inside, 'link', 'del', 's0');
    plugIn('10.77.0.1/24');
    expect(await askForLease('a0', 20)).toBe(before);

    lab.ip('-n', inside, 'addr', 'del', '10.77.0.1/24', 'dev', 's0');
    lab.ip('-n', inside, 'addr', 'add', '10.77.0.7/24', 'dev', 's0');
    // Addresses are looked at every two seconds.
    await vi.waitFor(
      async () => expect(await askForLease('a0', 3)).toBe('ip=10.77.0.50 serverid=10.77.0.7'),
      20_000,
    );
  });
});
