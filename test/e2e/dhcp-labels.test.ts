import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { canMakeNamespaces, NetworkLab } from '../../src/lab/network-lab.ts';
import { findProgram } from '../support/find-program.ts';
import { DhcpProcess } from './dhcp-process.ts';

// What clients of others say of themselves, and what they are given for it: busybox's udhcpc with a vendor class.
//
//   phone ───┐
//   host ────┼ s0 (the server's)
//   printer ─┘

const PROGRAMS = ['udhcpc', 'curl'];
const missing = PROGRAMS.filter((name) => findProgram(name) === undefined);
const runnable = canMakeNamespaces && missing.length === 0;
if (!runnable) {
  const why = missing.length > 0 ? `not installed: ${missing.join(' ')}` : 'not root';
  console.warn(`skipping labels of DHCP clients: ${why}`);
}

const MAC = { phone: '02:00:00:00:77:01', host: '02:00:00:00:77:02', printer: '00:1b:21:00:77:03' };
const PHONES = `
id: phones
profile: phone
selector: {vendor_class: {prefix: yealink}}
dhcp_options: [{code: 66, value: "phones.example.com"}]
`;

let lab: NetworkLab;
let folder: string;
let server: DhcpProcess;
let names: Record<keyof typeof MAC | 'srv', string>;

beforeAll(async () => {
  if (!runnable) return;
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-labels-'));
  for (const [file, text] of [
    ['profiles/p.yaml', 'id: all\nboot: {kernel: /all}\n---\nid: phone\nboot: {kernel: /phone}\n'],
    ['groups/g.yaml', `id: all\nprofile: all\n---${PHONES}`],
    ['assets/boot/snponly.efi', 'MZ'],
  ] as const) {
    mkdirSync(path.dirname(path.join(folder, 'labels', file)), { recursive: true });
    writeFileSync(path.join(folder, 'labels', file), text);
  }
  // udhcpc hands option 66 over if it is a host name.
  writeFileSync(
    path.join(folder, 'tell'),
    '#!/bin/sh\n[ "$1" = bound ] && ip addr replace "$ip/$mask" dev "$interface"\necho "$1 $ip tftp=$tftp"\n',
    { mode: 0o755 },
  );
  lab = new NetworkLab('rhl');
  names = {
    srv: lab.addNamespace('srv'),
    phone: lab.addNamespace('phone'),
    host: lab.addNamespace('host'),
    printer: lab.addNamespace('printer'),
  };
  const { srv } = names;
  lab.ip('-n', srv, 'link', 'add', 's0', 'type', 'bridge');
  lab.ip('-n', srv, 'link', 'set', 's0', 'up');
  for (const name of ['phone', 'host', 'printer'] as const) {
    lab.connect(srv, `p-${name}`, names[name], 'e0');
    lab.ip('-n', srv, 'link', 'set', `p-${name}`, 'master', 's0');
    lab.ip('-n', names[name], 'link', 'set', 'e0', 'address', MAC[name]);
  }
  lab.ip('-n', srv, 'addr', 'add', '10.77.0.1/24', 'dev', 's0');
  server = await DhcpProcess.start(srv, {
    store: path.join(folder, 'railhead.db'),
    catalog: 'labels',
    conflictDetection: 'off',
    neverAnswer: ['00:1b:21'],
    subnets: [
      {
        interface: 's0',
        cidr: '10.77.0.0/24',
        first: '10.77.0.100',
        last: '10.77.0.199',
        pools: [{ range: '10.77.0.50-10.77.0.59', selector: { vendor_class: { prefix: 'yealink' } } }],
      },
    ],
  });
});

afterAll(async () => {
  if (!runnable) return;
  await server?.kill();
  await lab.remove();
  rmSync(folder, { recursive: true });
});

/** One lease of a client; what its script was told last, or that there was none. */
async function lease(name: keyof typeof MAC, ...args: string[]): Promise<string> {
  const common = ['-f', '-n', '-q', '-i', 'e0', '-s', path.join(folder, 'tell'), '-t', '2', '-T', '1'];
  const said = await lab.run(names[name], 'udhcpc', [...common, '-O', 'tftp', ...args]).then(
    ({ stdout }) => stdout,
    () => 'leasefail',
  );
  return said.trim().split('\n').at(-1) ?? '';
}

const kernel = async (name: keyof typeof MAC): Promise<string | undefined> => {
  const url = `http://10.77.0.1:8080/ipxe?mac=${MAC[name]}`;
  return /^kernel (\S+)/m.exec((await lab.run(names[name], 'curl', ['-s', url])).stdout)?.[1];
};

test.skipIf(!runnable)(
  'a group and a pool by vendor class, and the same group over HTTP',
  async () => {
    expect(await lease('phone', '-V', 'yealink T54W')).toBe('bound 10.77.0.50 tftp=phones.example.com');
    expect(await kernel('phone')).toBe('/phone');
  },
  60_000,
);

test.skipIf(!runnable)(
  'another client of the network gets neither',
  async () => {
    expect(await lease('host')).toBe('bound 10.77.0.100 tftp=');
    expect(await kernel('host')).toBe('/all');
  },
  60_000,
);

test.skipIf(!runnable)(
  'a card that is never answered gets nothing, and is counted',
  async () => {
    expect(await lease('printer')).toMatch(/leasefail/);
    const { dhcp_ignored: ignored } = await server.counters();
    expect(ignored?.never_answered).toBeGreaterThanOrEqual(2);
  },
  60_000,
);
