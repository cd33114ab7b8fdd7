import { type ChildProcessWithoutNullStreams, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { canMakeNamespaces, NetworkLab } from '../../src/lab/network-lab.ts';
import { RailheadProcess } from '../../src/lab/railhead-process.ts';
import { findProgram } from '../support/find-program.ts';
import { BindServer } from './bind-server.ts';

// The whole program with a real client: what becomes of its lease is in BIND, and at a webhook's receiver.

const missing = ['named', 'tsig-keygen', 'dig', 'udhcpc', 'openssl'].filter(
  (name) => findProgram(name) === undefined,
);
const runnable = canMakeNamespaces && missing.length === 0;
if (!runnable) console.warn(`skipping followers of leases: needs root; not installed: ${missing.join(' ')}`);

const FORWARD = 'lab.example.com';
const REVERSE = '77.10.in-addr.arpa';
/** udhcpc takes no shorter lease at its word, and prolongs it when it is told to. */
const LEASE_SECONDS = 30;
/** Longer than a lease. */
const SOON = { timeout: 60_000, interval: 200 };

/** A receiver with TLS that prints the type of each delivery and the address in it; the first one is refused once. */
const RECEIVER = `
let refused = false;
require('node:https').createServer({ key: process.env.KEY, cert: process.env.CERT }, (request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part)).on('end', () => {
    response.writeHead(refused ? 204 : 503).end();
    const { data, type } = JSON.parse(Buffer.concat(parts));
    if (refused) console.log(type, data.address, data.hostname, data.dns_name, request.headers['webhook-signature'] !== undefined);
    refused = true;
  });
}).listen(8443, '127.0.0.1', () => console.log('listening'));
`;

let lab: NetworkLab;
let folder: string;
let bind: BindServer;
let railhead: RailheadProcess;
let client: string;
const delivered: string[] = [];

beforeAll(async () => {
  if (!runnable) return;
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-followers-'));
  lab = new NetworkLab('rhf');
  const server = lab.addNamespace('s');
  client = lab.addNamespace('c');
  lab.connect(server, 's0', client, 'c0');
  lab.ip('-n', server, 'address', 'add', '10.77.0.1/24', 'dev', 's0');
  bind = new BindServer([{ name: FORWARD }, { name: REVERSE }], server);
  await bind.start();

  const secret = path.join(folder, 'webhook.secret');
  writeFileSync(secret, execFileSync('openssl', ['rand', '-base64', '32']));
  const [key, cert] = [path.join(folder, 'receiver.key'), path.join(folder, 'receiver.pem')];
  execFileSync(
    'openssl',
    [
      'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=receiver',
      '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert,
    ],
    { stdio: 'ignore' },
  ); // prettier-ignore
  const receiver = lab.start(server, 'sh', [
    '-c',
    `KEY="$(cat ${key})" CERT="$(cat ${cert})" exec ${process.execPath} -e "$0"`,
    RECEIVER,
  ]);
  const listening = new Promise<void>((resolve) => {
    createInterface(receiver.stdout).on('line', (line) => {
      if (line === 'listening') resolve();
      else delivered.push(line);
    });
  });
  await listening;

  railhead = await RailheadProcess.start(lab, {
    namespace: server,
    folder,
    settings: {
      dhcp: { interfaces: ['s0'], conflict_detection: 'off' },
      networks: [
        {
          id: 'rack',
          cidr: '10.77.0.0/24',
          mode: 'full',
          pools: ['10.77.0.10-10.77.0.99'],
          domain: FORWARD,
          lease_seconds: LEASE_SECONDS,
          boot_lease_seconds: LEASE_SECONDS,
        },
      ],
      dns_updates: {
        zones: [FORWARD, REVERSE].map((zone) => ({
          zone,
          server: `${bind.host}:${bind.port}`,
          key_file: bind.keyFile,
        })),
      },
      webhooks: [{ url: 'https://127.0.0.1:8443/leases', secret_file: secret, ca_file: cert }],
    },
  });
});

afterAll(async () => {
  if (!runnable) return;
  await railhead.stop();
  await bind.remove();
  await lab.remove();
  rmSync(folder, { recursive: true });
});

/** A client that stays, and what it says of its lease. */
interface RunningClient {
  readonly child: ChildProcessWithoutNullStreams;
  /** The address, once it is bound. */
  readonly address: string;
  /** How often it was told that its lease goes on. */
  readonly renewals: () => number;
}

async function startClient(hostname: string): Promise<RunningClient> {
  const said: string[] = [];
  const child = lab.start(client, 'udhcpc', [
    '-f', '-i', 'c0', '-s', path.join(import.meta.dirname, 'udhcpc.script'), '-x', `hostname:${hostname}`, '-t', '5', '-T', '1',
  ]); // prettier-ignore
  createInterface(child.stdout).on('line', (line) => said.push(line));
  const addressOf = (): string | undefined =>
    said.map((line) => /^bound ip=(\S+)/.exec(line)?.[1]).find((address) => address !== undefined);
  await expect.poll(addressOf, SOON).toMatch(/^10\.77\.0\./);
  return {
    child,
    address: addressOf()!,
    renewals: () => said.filter((line) => line.startsWith('renew ')).length,
  };
}

const reverseOf = (address: string): string => `${address.split('.').reverse().join('.')}.in-addr.arpa`;

/** What BIND has of a name and an address. */
function recordsOf(hostname: string, address: string) {
  const name = `${hostname}.${FORWARD}`;
  return {
    a: bind.dig(name, 'A'),
    ptr: bind.dig(reverseOf(address), 'PTR'),
    dhcids: bind.dig(name, 'DHCID').length,
  };
}

const present = (hostname: string, address: string) => ({
  a: [address],
  ptr: [`${hostname}.${FORWARD}.`],
  dhcids: 1,
});
const ABSENT = { a: [], ptr: [], dhcids: 0 };

test.skipIf(!runnable)(
  'a name comes with its lease, stays through renewals, and goes with the release',
  async () => {
    const { address, child, renewals } = await startClient('web1');
    await expect.poll(() => recordsOf('web1', address), SOON).toEqual(present('web1', address));
    const zones = (): string[] => [FORWARD, REVERSE].flatMap((zone) => bind.dig(zone, 'SOA'));
    const before = zones();
    child.kill('SIGUSR1');
    await expect.poll(renewals, SOON).toBe(1);
    expect(zones()).toEqual(before);
    expect(recordsOf('web1', address)).toEqual(present('web1', address));
    // udhcpc releases its lease, and stays idle.
    child.kill('SIGUSR2');
    await expect.poll(() => recordsOf('web1', address), SOON).toEqual(ABSENT);
    child.kill('SIGKILL');
    await expect.poll(() => delivered.some((line) => line.startsWith('lease.released')), SOON).toBe(true);
    const lines = delivered.splice(0);
    expect(lines[0]).toBe(`lease.bound ${address} web1 web1.${FORWARD} true`);
    expect(lines.at(-1)).toBe(`lease.released ${address} web1 undefined true`);
    expect(new Set(lines.slice(1, -1))).toEqual(
      new Set([`lease.renewed ${address} web1 web1.${FORWARD} true`]),
    );
  },
);

test.skipIf(!runnable)('a client that is gone loses its name when its lease expires', async () => {
  const { address, child } = await startClient('web2');
  await expect.poll(() => recordsOf('web2', address), SOON).toEqual(present('web2', address));
  child.kill('SIGKILL');
  await expect.poll(() => recordsOf('web2', address), SOON).toEqual(ABSENT);
  await expect.poll(() => delivered.at(-1), SOON).toBe(`lease.expired ${address} web2 undefined true`);
});

test.skipIf(!runnable)(
  'a new TSIG key is taken at SIGHUP, and what waited for it is sent at once',
  async () => {
    // The same name, the same file, another secret.
    await bind.stop();
    bind.makeKey('railhead');
    await bind.start();
    const { address } = await startClient('web3');
    await expect.poll(() => railhead.log.some((line) => line.includes('BADSIG')), SOON).toBe(true);
    expect(recordsOf('web3', address)).toEqual(ABSENT);
    railhead.reload();
    await expect.poll(() => recordsOf('web3', address), SOON).toEqual(present('web3', address));
  },
);
