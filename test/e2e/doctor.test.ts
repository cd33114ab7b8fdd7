import { type ChildProcessWithoutNullStreams, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canMakeNamespaces, NetworkLab } from '../../src/lab/network-lab.ts';
import { findProgram } from '../support/find-program.ts';
import { RailheadProcess } from '../../src/lab/railhead-process.ts';
import { readCounts } from '../support/read-counts.ts';

// `railhead doctor` beside a running server, on a network where another server leases addresses and sends PXEClient.

const missing = ['dnsmasq', 'udhcpc', 'curl'].filter((name) => findProgram(name) === undefined);
const runnable = canMakeNamespaces && missing.length === 0;
if (!runnable) {
  console.warn(`skipping doctor: ${missing.length > 0 ? `not installed: ${missing.join(' ')}` : 'not root'}`);
}

const PROGRAM = path.resolve(import.meta.dirname, '../../bin/railhead.js');
const MAC = '52:54:00:00:00:0a';

let lab: NetworkLab;
let folder: string;
let server: string;
let client: string;
let railhead: RailheadProcess;

beforeAll(async () => {
  if (!runnable) return;
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: path.resolve(import.meta.dirname, '../..') });
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-doctor-'));
  lab = new NetworkLab('rhv');
  server = lab.addNamespace('s');
  client = lab.addNamespace('c');
  const other = lab.addNamespace('o');
  lab.addBridge(server, 's0', '10.77.0.1/24');
  for (const [port, namespace] of [
    ['p1', client],
    ['p2', other],
  ] as const) {
    lab.connect(server, port, namespace, 'e0');
    lab.plug(server, 's0', port);
  }
  lab.ip('-n', client, 'link', 'set', 'e0', 'address', MAC);
  lab.ip('-n', other, 'addr', 'add', '10.77.0.9/24', 'dev', 'e0');

  const programs = path.join(folder, 'assets/boot');
  await mkdir(programs, { recursive: true });
  writeFileSync(path.join(programs, 'snponly.efi'), 'MZ and more');
  railhead = await RailheadProcess.start(lab, {
    namespace: server,
    folder,
    settings: {
      dhcp: { interfaces: ['s0'] },
      tftp: { enabled: true },
      networks: [{ id: 'rack', cidr: '10.77.0.0/24', mode: 'proxy' }],
    },
  });
  const dnsmasq = lab.start(other, 'dnsmasq', [
    '--keep-in-foreground', '--conf-file=/dev/null', '--user=root', '--port=0', '--interface=e0', '--no-ping',
    '--dhcp-range=10.77.0.50,10.77.0.99', '--dhcp-option-force=60,PXEClient', '--log-facility=-',
    `--dhcp-leasefile=${folder}/dnsmasq.leases`,
  ]); // prettier-ignore
  await nextLine(dnsmasq, /DHCP, IP range/);
}, 60_000);

afterAll(async () => {
  if (!runnable) return;
  await railhead.stop();
  await lab.remove();
  rmSync(folder, { recursive: true });
});

/** Resolves with the first matching line that the program prints; rejects with its whole output if it ends before. */
function nextLine(child: ChildProcessWithoutNullStreams, pattern: RegExp): Promise<string> {
  const said: string[] = [];
  return new Promise((resolve, reject) => {
    for (const output of [child.stdout, child.stderr]) {
      createInterface(output).on('line', (line) => {
        said.push(line);
        if (pattern.test(line)) resolve(line);
      });
    }
    child.once('exit', () => reject(new Error(`never said ${String(pattern)}:\n${said.join('\n')}`)));
  });
}

describe.skipIf(!runnable)('railhead doctor', () => {
  test('reports ports, permissions, interface, MTU, programs, the other server and TFTP', async () => {
    lab.ip('-n', server, 'link', 'set', 's0', 'mtu', '1400');
    const { code, stdout } = await lab.run(server, process.execPath, [
      PROGRAM, 'doctor', '--config', path.join(folder, 'railhead.yaml'), '--boot-programs', path.join(folder, 'assets/boot'),
    ]); // prettier-ignore
    lab.ip('-n', server, 'link', 'set', 's0', 'mtu', '1500');
    const lines = stdout.split('\n').filter((line) => line !== '' && !line.startsWith(' '));
    expect(lines.slice(0, -2)).toEqual([
      'ok       s0 has 10.77.0.1',
      'warning  s0 has an MTU of 1400; firmware expects 1500',
      'ok       this user may open the ports of the boot plane',
      'ok       UDP port 67 (DHCP) is served by Railhead',
      'ok       UDP port 4011 (PXE boot server) is served by Railhead',
      'ok       UDP port 69 (TFTP) is served by Railhead',
      'ok       snponly.efi is there',
      'ok       the DHCP server 10.77.0.9 on s0 leases addresses, as mode: proxy expects',
      'PROBLEM  the DHCP server 10.77.0.9 on s0 sends option 60 (PXEClient) and no option 43: PXE clients will ask its own port 4011, and stop there (PXE-E55)',
      'ok       TFTP at 10.77.0.1 serves snponly.efi',
      'ok       HTTP at 127.0.0.1:8080 is ready to serve machines',
      `warning  the catalog in ${folder} has 0 profiles, 0 groups and 0 machines`,
    ]);
    expect(lines.at(-2)).toMatch(/^ok {7}the disk of the database has \d+ MB left$/);
    expect(lines.at(-1)).toMatch(/^ok {7}the clock says 20/);
    // The server received the probe, and recognised it.
    const counts = readCounts(await railhead.getText('/metrics'));
    expect(Object.keys(counts['dhcp_ignored'] ?? {})).toEqual(['own_probe']);
    expect(code).toBe(1);
  });

  test('follows one machine, and reports where it is stuck', async () => {
    const watcher = lab.start(server, process.execPath, [
      PROGRAM, 'doctor', '--watch', MAC, '--config', path.join(folder, 'railhead.yaml'),
    ]); // prettier-ignore
    const offered = nextLine(watcher, /proxydhcp\.offer +told to boot snponly\.efi, as proxy/);
    const stuck = nextLine(watcher, /^stuck: .*no request on port 4011 within 10 s/);
    await nextLine(watcher, /^stuck: no packet or request of this machine was received/);
    await lab.run(client, 'udhcpc', [
      '-f', '-n', '-q', '-i', 'e0', '-s', '/bin/true', '-t', '3', '-T', '1',
      '-V', 'PXEClient:Arch:00007:UNDI:003001', '-x', '0x5d:0007',
    ]); // prettier-ignore
    await offered;
    await stuck;
    watcher.kill('SIGTERM');
  });
});
