import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { canMakeNamespaces, NetworkLab } from '../../src/lab/network-lab.ts';
import { RailheadProcess } from '../../src/lab/railhead-process.ts';
import { findProgram } from '../support/find-program.ts';

// A server that is asked at an address of its lo, as with anycast or an address that servers take over from one another:
//
//   client ── relay ── server (s0 10.77.0.1, lo 10.99.0.1)
//
// Every answer leaves from the address that was asked.

const missing = ['udhcpc', 'dhcrelay', 'atftp', 'curl', 'tcpdump', 'ss'].filter(
  (name) => findProgram(name) === undefined,
);
const runnable = canMakeNamespaces && missing.length === 0;
if (!runnable) {
  console.warn(`skipping addresses of other interfaces: needs root; not installed: ${missing.join(' ')}`);
}

const OWN = '10.77.0.1';
const SHARED = '10.99.0.1';
const SOON = { timeout: 20_000, interval: 100 };

let lab: NetworkLab;
let folder: string;
let names: Record<'server' | 'relay' | 'client', string>;
let railhead: RailheadProcess;
/** Source and destination of each packet from the server's ports 67, as `10.99.0.1 > 10.78.0.1`. */
let answers: string[];

beforeEach(async () => {
  if (!runnable) return;
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-vip-'));
  lab = new NetworkLab('rhv');
  names = {
    server: lab.addNamespace('s'),
    relay: lab.addNamespace('r'),
    client: lab.addNamespace('c'),
  };
  const { client, relay, server } = names;
  lab.connect(server, 's0', relay, 'r0');
  lab.connect(relay, 'r1', client, 'c0');
  lab.ip('-n', server, 'address', 'add', `${OWN}/24`, 'dev', 's0');
  lab.ip('-n', relay, 'address', 'add', '10.77.0.2/24', 'dev', 'r0');
  lab.ip('-n', relay, 'address', 'add', '10.78.0.1/24', 'dev', 'r1');
  lab.ip('-n', relay, 'route', 'add', `${SHARED}/32`, 'via', OWN);
  await lab.run(relay, 'sh', ['-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);

  answers = [];
  const capture = lab.start(relay, 'tcpdump', ['-l', '-n', '-i', 'r0', 'udp', 'and', 'src', 'port', '67']);
  createInterface(capture.stdout).on('line', (line) => {
    const [, source, destination] = / IP ([\d.]+)\.67 > ([\d.]+)\.\d+: /.exec(line) ?? [];
    if (source?.endsWith('.1') === true && source !== '10.78.0.1') answers.push(`${source} > ${destination}`);
  });
  await new Promise<void>((listening) =>
    createInterface(capture.stderr).on('line', (line) => line.includes('listening on') && listening()),
  );
});

afterEach(async () => {
  if (!runnable) return;
  await railhead.stop();
  await lab.remove();
  rmSync(folder, { recursive: true });
});

async function startRailhead(): Promise<void> {
  railhead = await RailheadProcess.start(lab, {
    namespace: names.server,
    folder,
    settings: {
      http: { listen: ['0.0.0.0:8080'] },
      tftp: { enabled: true },
      dhcp: { interfaces: ['s0'], conflict_detection: 'off' },
      networks: [{ id: 'far', cidr: '10.78.0.0/24', mode: 'full', pools: ['10.78.0.10-10.78.0.99'] }],
    },
  });
}

/** The other network is behind the relay; `from` is what the server sends from where nothing else says so. */
function routeBack(from: string): void {
  lab.ip('-n', names.server, 'route', 'add', '10.78.0.0/24', 'via', '10.77.0.2', 'src', from);
}

const addShared = (): void => lab.ip('-n', names.server, 'address', 'add', `${SHARED}/32`, 'dev', 'lo');

function startRelay(server: string): void {
  lab.start(names.relay, 'dhcrelay', ['-d', '-4', '-iu', 'r0', '-id', 'r1', server]);
}

/** A client that stays, with what it says of its lease. */
async function startClient(): Promise<{ child: ChildProcessWithoutNullStreams; said: readonly string[] }> {
  const said: string[] = [];
  const child = lab.start(names.client, 'udhcpc', [
    '-f', '-i', 'c0', '-s', path.join(import.meta.dirname, 'udhcpc.script'), '-t', '10', '-T', '1',
  ]); // prettier-ignore
  createInterface(child.stdout).on('line', (line) => said.push(line));
  await expect.poll(() => said.some((line) => line.startsWith('bound ip=10.78.0.')), SOON).toBe(true);
  addRoute();
  return { child, said };
}

const addRoute = (): void => lab.ip('-n', names.client, 'route', 'replace', 'default', 'via', '10.78.0.1');

const serverOf = (said: readonly string[], step: string): string | undefined =>
  said
    .map((line) => new RegExp(`^${step} .*serverid=(\\S+)`).exec(line)?.[1])
    .findLast((id) => id !== undefined);

/** The UDP sockets of the server, as `address:port` with the interface that each is bound to. */
async function sockets(): Promise<string[]> {
  const { stdout } = await lab.run(names.server, 'ss', ['-Hlnu']);
  return stdout
    .split('\n')
    .map((line) => line.split(/\s+/)[3] ?? '')
    .filter((local) => /:(67|4011|69)$/.test(local))
    .sort();
}

test.skipIf(!runnable)('DHCP, TFTP and HTTP answer from the address of lo that was asked', async () => {
  addShared();
  // What the routing table would rather send from must not matter.
  routeBack(OWN);
  await startRailhead();
  startRelay(SHARED);
  const { child, said } = await startClient();
  expect(serverOf(said, 'bound')).toBe(SHARED);
  // udhcpc prolongs its lease at that address, and takes an answer from nowhere else.
  child.kill('SIGUSR1');
  await expect.poll(() => serverOf(said, 'renew'), SOON).toBe(SHARED);
  // tcpdump prints a packet some time after the client has it.
  await expect.poll(() => answers.at(-1), SOON).toMatch(/^10\.99\.0\.1 > 10\.78\.0\.\d+$/);
  expect(new Set(answers.map((line) => line.split(' ')[0]))).toEqual(new Set([SHARED]));
  expect(await sockets()).toContain(`${SHARED}%s0:4011`);

  const script = path.join(folder, 'script');
  // With the old address the script has taken the route away.
  addRoute();
  const words = ['-g', '-r', 'autoexec.ipxe', '-l', script, SHARED];
  const fetched = await lab.run(names.client, 'atftp', words);
  expect(fetched).toMatchObject({ code: 0 });
  expect(readFileSync(script, 'utf8')).toContain(`http://${SHARED}:8080/ipxe`);
  const byHttp = await lab.run(names.client, 'curl', ['-s', `http://${SHARED}:8080/boot.ipxe`]);
  expect(byHttp.stdout).toBe(readFileSync(script, 'utf8'));
});

test.skipIf(!runnable)('its own address is answered from, where a route names another one', async () => {
  addShared();
  routeBack(SHARED);
  await startRailhead();
  startRelay(OWN);
  const { said } = await startClient();
  expect(serverOf(said, 'bound')).toBe(OWN);
  // tcpdump prints a packet some time after the client has it.
  await expect.poll(() => new Set(answers), SOON).toEqual(new Set([`${OWN} > 10.78.0.1`]));
});

test.skipIf(!runnable)('an address that comes later is taken up, and dropped when it goes', async () => {
  routeBack(OWN);
  await startRailhead();
  const before = await sockets();
  addShared();
  await expect.poll(sockets, SOON).toContain(`${SHARED}%s0:4011`);
  expect(await sockets()).toEqual([...before, `${SHARED}%s0:4011`, `${SHARED}%s0:67`, `${SHARED}:69`].sort());
  startRelay(SHARED);
  const { said } = await startClient();
  expect(serverOf(said, 'bound')).toBe(SHARED);
  const url = `tftp://${SHARED}/autoexec.ipxe`;
  expect((await lab.run(names.client, 'curl', ['-s', url])).stdout).toContain(`http://${SHARED}:8080/ipxe`);

  lab.ip('-n', names.server, 'address', 'del', `${SHARED}/32`, 'dev', 'lo');
  await expect.poll(sockets, SOON).toEqual(before);
  expect(railhead.log.filter((line) => line.includes('"level":50'))).toEqual([]);
});
