import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BootEventKind } from '../../src/provision/history/boot-event.ts';
import { openSqliteEvents } from '../../src/store/sqlite/sqlite-store.ts';
import { DhcpProcess } from './dhcp-process.ts';
import { canMakeNamespaces, NetworkLab } from '../../src/lab/network-lab.ts';
import { findProgram } from '../support/find-program.ts';

// Clients of other projects, each in its own network:
//
//   one ───┐                            far ── relay ── s3
//   twin ──┴ s0   two ── s1   alone ── s2      (all sN belong to the server, which serves s0, s1 and s3)

const PROGRAMS = ['udhcpc', 'dhclient', 'dhcpcd', 'dhcrelay', 'tcpdump', 'tshark'];
const missing = PROGRAMS.filter((name) => findProgram(name) === undefined);
const runnable = canMakeNamespaces && missing.length === 0;
if (!runnable) {
  console.warn(
    `skipping clients of DHCP: ${missing.length > 0 ? `not installed: ${missing.join(' ')}` : 'not root'}`,
  );
}

const script = (name: string): string => path.join(import.meta.dirname, `${name}.script`);
/** The shortest lease that dhcpcd accepts; rebinding begins at seven eighths of it. */
const LEASE_SECONDS = 20;

let lab: NetworkLab;
let folder: string;
let server: DhcpProcess;
let capture: ChildProcess;
let names: Record<'srv' | 'one' | 'twin' | 'two' | 'alone' | 'relay' | 'far', string>;

beforeAll(async () => {
  if (!runnable) return;
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-clients-'));
  lab = new NetworkLab('rhc');
  const add = (name: string): string => lab.addNamespace(name);
  names = {
    srv: add('srv'),
    one: add('one'),
    twin: add('twin'),
    two: add('two'),
    alone: add('alone'),
    relay: add('relay'),
    far: add('far'),
  };
  const { alone, far, one, relay, srv, twin, two } = names;
  lab.ip('-n', srv, 'link', 'add', 's0', 'type', 'bridge');
  lab.ip('-n', srv, 'link', 'set', 's0', 'up');
  lab.connect(srv, 'p1', one, 'e0');
  lab.connect(srv, 'p2', twin, 'e0');
  for (const port of ['p1', 'p2']) lab.ip('-n', srv, 'link', 'set', port, 'master', 's0');
  lab.connect(srv, 's1', two, 'e0');
  lab.connect(srv, 's2', alone, 'e0');
  lab.connect(srv, 's3', relay, 'r0');
  lab.connect(relay, 'r1', far, 'e0');
  for (const [namespace, device, address] of [
    [srv, 's0', '10.77.0.1/24'],
    [srv, 's1', '10.78.0.1/24'],
    [srv, 's2', '10.79.0.1/24'],
    [srv, 's3', '10.80.0.1/30'],
    [relay, 'r0', '10.80.0.2/30'],
    [relay, 'r1', '10.81.0.1/24'],
  ] as const) {
    lab.ip('-n', namespace, 'addr', 'add', address, 'dev', device);
  }
  lab.ip('-n', srv, 'route', 'add', '10.81.0.0/24', 'via', '10.80.0.2');
  await lab.run(relay, 'sh', ['-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);

  server = await DhcpProcess.start(srv, {
    store: path.join(folder, 'railhead.db'),
    logLevel: 'debug',
    // The client is to find the conflict here, so the server must not find it first.
    conflictDetection: 'off',
    subnets: [
      {
        interface: 's0',
        cidr: '10.77.0.0/24',
        first: '10.77.0.10',
        last: '10.77.0.99',
        leaseSeconds: LEASE_SECONDS,
      },
      { interface: 's1', cidr: '10.78.0.0/24', first: '10.78.0.10', last: '10.78.0.99' },
      { interface: 's3', cidr: '10.81.0.0/24', first: '10.81.0.10', last: '10.81.0.99' },
    ],
  });
  capture = lab.start(srv, 'tcpdump', [
    '--immediate-mode',
    '-U',
    '-i',
    's0',
    '-w',
    path.join(folder, 'session.pcap'),
    'udp',
  ]);
  await once(capture.stderr!, 'data');
});

afterAll(async () => {
  if (!runnable) return;
  await server?.kill();
  await lab.remove();
  rmSync(folder, { recursive: true });
});

/** Starts a client; `next` returns its next line. */
function startClient(namespace: string, command: string, args: readonly string[]) {
  const child = lab.start(namespace, command, args);
  const lines: string[] = [];
  let wake = (): void => undefined;
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      lines.push(line);
      wake();
    });
  }
  const next = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${command} never said ${String(pattern)}:\n${lines.join('\n')}`)),
        30_000,
      );
      wake = () => {
        const index = lines.findIndex((line) => pattern.test(line));
        if (index < 0) return;
        clearTimeout(timer);
        resolve(lines.splice(0, index + 1).at(-1)!);
      };
      wake();
    });
  const end = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return { child, next, end };
}

const address = (line: string): string => /\bip=(\S+)/.exec(line)?.[1] ?? `no address in: ${line}`;

/** Waits until the server has recorded an event of this kind. */
async function recorded(kind: BootEventKind): Promise<string> {
  const store = openSqliteEvents(path.join(folder, 'railhead.db'));
  try {
    for (let tries = 0; tries < 100; tries++) {
      const [event] = await store.events.listEvents({ kind, limit: 1 });
      if (event !== undefined) return event.summary;
      await new Promise((again) => setTimeout(again, 50));
    }
    throw new Error(`no event ${kind} was recorded`);
  } finally {
    await store.close();
  }
}

describe.skipIf(!runnable)('busybox udhcpc', () => {
  const args = ['-f', '-i', 'e0', '-s', script('udhcpc'), '-t', '5', '-T', '1'];

  test('gets a lease, renews it, rebinds when the server cannot be reached, and releases it', async () => {
    const client = startClient(names.one, 'udhcpc', args);
    const bound = await client.next(/^bound/);
    expect(bound).toMatch(/ip=10\.77\.0\.\d+ subnet=255\.255\.255\.0 serverid=10\.77\.0\.1 lease=20 /);
    const mine = address(bound);
    await server.line({ type: 'DHCPACK', address: mine, to: '255.255.255.255:68' });

    client.child.kill('SIGUSR1');
    expect(address(await client.next(/^renew/))).toBe(mine);
    await server.line({ type: 'DHCPACK', address: mine, to: `${mine}:68` });

    // Unicast packets to the server are lost from now on: the client broadcasts when its lease is almost over.
    lab.ip('-n', names.one, 'route', 'add', 'blackhole', '10.77.0.1');
    expect(address(await client.next(/^renew/))).toBe(mine);
    lab.ip('-n', names.one, 'route', 'del', 'blackhole', '10.77.0.1');

    client.child.kill('SIGUSR2');
    await client.next(/^deconfig/);
    expect(await recorded('dhcp.release')).toBe(`released ${mine}`);
    await client.end();
  });

  test('declines an address that another host uses, and gets another', async () => {
    const first = startClient(names.one, 'udhcpc', [...args, '-q', '-R']);
    const taken = address(await first.next(/^bound/));
    await once(first.child, 'exit');
    await lab.run(names.one, 'ip', ['addr', 'flush', 'dev', 'e0']);
    lab.ip('-n', names.twin, 'addr', 'add', `${taken}/24`, 'dev', 'e0');

    const second = startClient(names.one, 'udhcpc', [...args, '-q', '-a', '-A', '1']);
    const given = address(await second.next(/^bound/));
    expect(given).not.toBe(taken);
    expect(await recorded('dhcp.decline')).toContain(taken);
    await second.end();
    lab.ip('-n', names.twin, 'addr', 'flush', 'dev', 'e0');
  });

  test('gets a DHCPNAK for an address of another network', async () => {
    const client = startClient(names.two, 'udhcpc', [...args, '-q', '-r', '10.78.0.77']);
    expect(address(await client.next(/^bound/))).toBe('10.78.0.77');
    await client.end();
  });

  test('gets no answer where Railhead does not serve', async () => {
    const result = await lab.run(names.alone, 'udhcpc', [
      ...args.slice(0, 5),
      '-n',
      '-q',
      '-t',
      '2',
      '-T',
      '1',
    ]);
    expect(result.code).toBe(1);
    expect(result.text).toContain('no lease');
  });
});

describe.skipIf(!runnable)('dhclient', () => {
  const args = (): string[] => [
    '-4', '-d', '-1', '-v', '-lf', path.join(folder, 'dhclient.leases'), '-pf', path.join(folder, 'dhclient.pid'),
    '-cf', '/dev/null', '-sf', script('dhclient'),
  ]; // prettier-ignore

  test('gets a lease, gets it again after a restart, and releases it', async () => {
    const first = startClient(names.two, 'dhclient', [...args(), 'e0']);
    const bound = await first.next(/^BOUND/);
    expect(bound).toMatch(/ip=10\.78\.0\.\d+ subnet=255\.255\.255\.0 serverid=10\.78\.0\.1 lease=3600/);
    await first.next(/^bound to/);
    await first.end();

    const second = startClient(names.two, 'dhclient', [...args(), 'e0']);
    expect(address(await second.next(/^REBOOT/))).toBe(address(bound));
    await second.end();

    const release = await lab.run(names.two, 'dhclient', [
      ...args().filter((word) => word !== '-1'),
      '-r',
      'e0',
    ]);
    expect(release.text).toContain('DHCPRELEASE');
  });

  test('that moved from another network gets a DHCPNAK for its old address, and a new one', async () => {
    const elsewhere = startClient(names.two, 'dhclient', [...args(), 'e0']);
    // Printed once the lease is in its file.
    await elsewhere.next(/^bound to/);
    await elsewhere.end();
    await lab.run(names.one, 'ip', ['addr', 'flush', 'dev', 'e0']);
    const moved = startClient(names.one, 'dhclient', [...args(), 'e0']);
    await moved.next(/DHCPNAK/);
    expect(address(await moved.next(/^BOUND/))).toMatch(/^10\.77\.0\./);
    await moved.end();
    await lab.run(names.one, 'ip', ['addr', 'flush', 'dev', 'e0']);
  });
});

describe.skipIf(!runnable)('dhcpcd', () => {
  // Its sockets and leases have fixed paths, which are private here.
  const own = (command: string): string[] => [
    '-m', 'sh', '-c',
    `mount -t tmpfs none /run; mkdir -p /run/dhcpcd; mount -t tmpfs none /var/lib/dhcpcd; ${command}`,
  ]; // prettier-ignore
  const options = '-4 -B -d -f /dev/null -c /bin/true --noarp -t 20';

  test('gets a lease, and asks for it again when told to rebind', async () => {
    const client = startClient(names.one, 'unshare', own(`exec dhcpcd ${options} e0`));
    const leased = await client.next(/leased 10\.77\.0\.\d+ for 20 seconds/);
    const mine = /leased (\S+)/.exec(leased)?.[1];
    client.child.kill('SIGHUP');
    await client.next(/sending REQUEST/);
    await client.next(new RegExp(`leased ${mine} for`));
    await client.end();
    await server.line({ type: 'DHCPACK', address: mine, mac: await macOf(names.one) });
  });

  test('with a configured address gets the settings', async () => {
    await lab.run(names.one, 'ip', ['addr', 'add', '10.77.0.200/24', 'dev', 'e0']);
    const client = startClient(
      names.one,
      'unshare',
      own(`exec dhcpcd ${options} --inform=10.77.0.200/24 e0`),
    );
    await client.next(/received approval for 10\.77\.0\.200|acknowledged/);
    await server.line({ request: 'DHCPINFORM', type: 'DHCPACK', to: '10.77.0.200:68' });
    await client.end();
  });
});

describe.skipIf(!runnable)('through a relay', () => {
  test('a client of another subnet gets a lease there, and renews it with the server directly', async () => {
    const relay = startClient(names.relay, 'dhcrelay', [
      '-4', '-d', '-a', '--no-pid', '-id', 'r1', '-iu', 'r0', '10.80.0.1',
    ]); // prettier-ignore
    await relay.next(/Sending on/);
    const client = startClient(names.far, 'udhcpc', [
      '-f',
      '-i',
      'e0',
      '-s',
      script('udhcpc'),
      '-t',
      '8',
      '-T',
      '1',
    ]);
    const bound = await client.next(/^bound/);
    expect(bound).toMatch(/ip=10\.81\.0\.\d+ subnet=255\.255\.255\.0 serverid=10\.80\.0\.1/);
    await server.line({ type: 'DHCPACK', address: address(bound), to: '10.81.0.1:67' });

    lab.ip('-n', names.far, 'route', 'add', 'default', 'via', '10.81.0.1');
    client.child.kill('SIGUSR1');
    expect(address(await client.next(/^renew/))).toBe(address(bound));
    await server.line({ type: 'DHCPACK', address: address(bound), to: `${address(bound)}:68` });
    await client.end();
  });
});

describe.skipIf(!runnable)('the whole session', () => {
  test('is dissected by tshark without a malformed field', async () => {
    capture.kill('SIGTERM');
    await once(capture, 'exit');
    const file = path.join(folder, 'session.pcap');
    const count = async (filter: string): Promise<number> => {
      const { code, stdout, text } = await lab.run(names.srv, 'tshark', ['-r', file, '-Y', filter]);
      expect(code, text).toBe(0);
      return stdout.split('\n').filter((line) => line !== '').length;
    };
    expect(await count('dhcp && udp.srcport == 67')).toBeGreaterThan(8);
    for (const type of [1, 2, 3, 4, 5, 6, 7, 8]) {
      expect(await count(`dhcp.option.dhcp == ${type}`), `messages of type ${type}`).toBeGreaterThan(0);
    }
    expect(await count('udp.srcport == 67 && (_ws.malformed || _ws.expert.severity >= warning)')).toBe(0);
  });

  test('ends without an error of the server', async () => {
    const { counters } = await server.stop();
    expect(counters['dhcp_faults']).toEqual({ '': 0 });
    expect(counters['dhcp_malformed'] ?? {}).toEqual({});
  });
});

async function macOf(namespace: string): Promise<string> {
  const { text } = await lab.run(namespace, 'cat', ['/sys/class/net/e0/address']);
  return text.trim();
}
