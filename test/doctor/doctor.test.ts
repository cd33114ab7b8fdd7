import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type Ipv4Address, parseIpv4 } from '../../src/protocol/ipv4-address.ts';
import { parseMac } from '../../src/protocol/mac-address.ts';
import type { ProbeAnswer } from '../../src/provision/dhcp/other-servers/foreign-server-probe.ts';
import { checkBootPrograms } from '../../src/doctor/check-boot-programs.ts';
import { judgeDhcpServers } from '../../src/doctor/check-dhcp-servers.ts';
import { checkInterfaces, checkPermissions, checkPorts } from '../../src/doctor/check-host.ts';
import { checkCatalog } from '../../src/doctor/check-catalog.ts';
import { checkClock } from '../../src/doctor/check-clock.ts';
import { checkDisk } from '../../src/doctor/check-disk.ts';
import { checkHttp, findServerProblem } from '../../src/doctor/check-http.ts';
import { checkPostgres } from '../../src/doctor/check-postgres.ts';
import { checkTftp } from '../../src/doctor/check-tftp.ts';
import type { Finding } from '../../src/doctor/finding.ts';
import { watchBoot } from '../../src/doctor/watch-boot.ts';
import type { PostgresState } from '../../src/store/postgres/postgres-reader.ts';
import type { BootEventQuery, StoredBootEvent } from '../../src/store/event-store.ts';

const address = (text: string): Ipv4Address => parseIpv4(text)!;
const say = (findings: readonly Finding[]): string[] =>
  findings.map(({ remedy, text, verdict }) => `${verdict}: ${text} -> ${remedy ?? ''}`);

describe('interfaces', () => {
  const eth1 = { name: 'eth1', index: 2, addresses: [address('10.0.0.1')] as const, loopback: false };

  test.each<[string, string[], number | undefined, RegExp[]]>([
    ['are named with their addresses', ['eth1'], 1500, [/^ok: eth1 has 10\.0\.0\.1/]],
    ['are all checked unless some are named', [], undefined, [/^ok: eth1/]],
    [
      'that are missing are named, with those that exist',
      ['eth9'],
      1500,
      [/^problem: there is no interface eth9 .*eth1/],
    ],
    [
      'with a small MTU limit the block size',
      ['eth1'],
      1400,
      [/^ok/, /^warning: eth1 has an MTU of 1400.*block size to 1368/],
    ],
    [
      'with a large MTU need switches that support it',
      ['eth1'],
      9000,
      [/^ok/, /^warning: eth1 has an MTU of 9000.*same MTU/],
    ],
  ])('%s', async (_, names, mtu, expected) => {
    const found = say(await checkInterfaces(names, [eth1], () => Promise.resolve(mtu)));
    expect(found).toHaveLength(expected.length);
    expected.forEach((pattern, index) => expect(found[index]).toMatch(pattern));
  });
});

describe('ports', () => {
  test('are reported with the process that has them', async () => {
    const dnsmasq = { address: '0.0.0.0', process: { pid: 7, name: 'dnsmasq', command: ['dnsmasq'] } };
    const ours = {
      address: '0.0.0.0',
      process: { pid: 8, name: 'node', command: ['node', '/opt/bin/railhead.js', 'serve'] },
    };
    const other = { address: '0.0.0.0', process: { pid: 9, name: 'node', command: ['node', '/srv/app.js'] } };
    const found = say(
      await checkPorts((_, port) => Promise.resolve(port === 67 ? [dnsmasq] : port === 69 ? [ours] : [])),
    );
    expect(found[0]).toMatch(/^warning: UDP port 67 \(DHCP\) is taken by dnsmasq \(pid 7\) on 0\.0\.0\.0/);
    expect(found[1]).toMatch(/^ok: UDP port 4011 .* is free/);
    expect(found[2]).toMatch(/^ok: UDP port 69 .* is served by Railhead/);
    const another = say(await checkPorts((_, port) => Promise.resolve(port === 69 ? [other] : [])));
    expect(another[2]).toMatch(/^warning: UDP port 69 .* is taken by node \(pid 9\)/);
  });
});

describe('permissions', () => {
  const load = () => Promise.resolve();
  test.each([
    ['of root are enough', 'CapEff:\t000001ffffffffff\n', [/^ok/]],
    [
      'of nobody are not',
      'CapEff:\t0000000000000000\n',
      [/CAP_NET_BIND_SERVICE.*AmbientCapabilities/, /CAP_NET_RAW/],
    ],
    ['to bind are not sufficient', 'CapEff:\t0000000000000400\n', [/CAP_NET_RAW/]],
    ['are unknown on some systems', '', []],
  ])('%s', async (_, status, expected) => {
    const found = say(await checkPermissions(() => Promise.resolve(status), load));
    expect(found).toHaveLength(expected.length);
    expected.forEach((pattern, index) => expect(found[index]).toMatch(pattern));
  });

  test('are not sufficient if sockets of one interface are not supported', async () => {
    const found = await checkPermissions(
      () => Promise.resolve(''),
      () => Promise.reject(new Error('no binary for this platform')),
    );
    expect(say(found)[0]).toMatch(/no binary for this platform.*koffi/);
  });
});

describe('other DHCP servers', () => {
  const server = (extra: Partial<ProbeAnswer> = {}): ProbeAnswer => ({
    serverAddress: address('10.0.0.9'),
    offeredAddress: address('10.0.0.50'),
    hasVendorSpecific: false,
    ...extra,
  });
  const { offeredAddress: _, ...proxy } = server();

  test.each<[string, ProbeAnswer[], RegExp[]]>([
    ['none', [], [/^ok: no other DHCP server answers on eth1/]],
    ['one that leases', [server()], [/^warning: the DHCP server 10\.0\.0\.9 on eth1 leases.*mode: proxy/]],
    [
      'one that sends only option 60',
      [server({ vendorClass: 'PXEClient' })],
      [/leases/, /^problem: .*option 60 \(PXEClient\).*PXE-E55.*remove option 60/],
    ],
    [
      'one that sends options 60 and 43',
      [server({ vendorClass: 'PXEClient', hasVendorSpecific: true })],
      [/leases/],
    ],
    [
      'one that sends boot options',
      [server({ bootFile: 'pxelinux.0', nextServer: address('10.0.0.8') })],
      [/leases/, /^warning: .*boot pxelinux\.0 from 10\.0\.0\.8/],
    ],
    [
      'two that lease',
      [server(), server({ serverAddress: address('10.0.0.10') })],
      [/leases/, /leases/, /^problem: 2 DHCP servers lease/],
    ],
    [
      'a proxy',
      [proxy],
      [/^ok: no other/, /^warning: 10\.0\.0\.9 on eth1 answers PXE clients without leasing/],
    ],
  ])('%s', (_name, answers, expected) => {
    const found = say(judgeDhcpServers('eth1', answers));
    expect(found).toHaveLength(expected.length);
    expected.forEach((pattern, index) => expect(found[index]).toMatch(pattern));
  });
});

describe('TFTP', () => {
  const loopback = address('127.0.0.1');

  test.each<[string, Buffer, string, RegExp]>([
    ['serves the file', Buffer.from('\0\x06tsize\x0010\0'), 'ok', /serves snponly\.efi/],
    ['serves it without options', Buffer.from('\0\x03\0\x01data'), 'ok', /serves snponly\.efi/],
    ['has no such file', Buffer.from('\0\x05\0\x01File not \x1b found\0'), 'problem', /File not \? found/],
    ['is another program', Buffer.from('hi'), 'problem', /not a TFTP answer/],
  ])('%s', async (_, answer, verdict, text) => {
    const server = createSocket('udp4');
    server.bind(0, loopback);
    await once(server, 'listening');
    server.on('message', (bytes, source) => {
      if (bytes[1] === 1) server.send(answer, source.port, source.address);
    });
    const finding = await checkTftp(loopback, 'snponly.efi', { port: server.address().port });
    server.close();
    expect(finding.verdict).toBe(verdict);
    expect(finding.text).toMatch(text);
  });

  test('that does not answer is a problem', async () => {
    const silent = createSocket('udp4');
    silent.bind(0, loopback);
    await once(silent, 'listening');
    const finding = await checkTftp(loopback, 'snponly.efi', { port: silent.address().port, waitMs: 20 });
    silent.close();
    expect(say([finding])[0]).toMatch(/^problem: TFTP at 127\.0\.0\.1 does not answer.*firewall/);
  });
});

describe('boot programs', () => {
  let folder: string | undefined;
  afterEach(() => folder !== undefined && rmSync(folder, { recursive: true }));

  test('are distinguished from other files with their names', async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'railhead-doctor-'));
    for (const [name, content] of [
      ['snponly.efi', 'MZ rest'],
      ['broken.efi', '<html>not found</html>'],
      ['empty.kpxe', ''],
      ['undionly.kpxe', '\xea rest'],
      ['wrong.kpxe', 'MZ rest'],
      ['notes.txt', 'x'],
    ] as const) {
      writeFileSync(path.join(folder, name), content);
    }
    expect((await checkBootPrograms(folder)).map(({ text, verdict }) => `${verdict} ${text}`)).toEqual([
      'problem broken.efi is not an EFI program',
      'problem empty.kpxe is empty',
      'ok snponly.efi is there',
      'ok undionly.kpxe is there',
      'problem wrong.kpxe is an EFI program, which a BIOS cannot run',
    ]);
  });

  test('that are missing are a problem', async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'railhead-doctor-'));
    expect(say(await checkBootPrograms(folder))[0]).toMatch(/^problem: there is no boot program.*undionly/);
    expect(say(await checkBootPrograms(path.join(folder, 'none')))[0]).toMatch(/^problem: .*cannot be read/);
  });
});

describe('watching a machine', () => {
  const mac = parseMac('52:54:00:00:00:01')!;
  const stored = (id: number, sessionId: string, kind: StoredBootEvent['kind']): StoredBootEvent => ({
    id,
    sessionId,
    at: new Date(id * 1000),
    kind,
    mac,
    summary: kind,
    detail: { client: 'UEFI', stage: 'firmware', option43: false },
  });

  test('shows the latest session, new events, and a summary', async () => {
    const events = [stored(1, 'old', 'ignition.sent'), stored(2, 'new', 'proxydhcp.offer')];
    const store = {
      listEvents: ({ afterId = 0 }: BootEventQuery) =>
        Promise.resolve(events.filter((event) => event.id > afterId)),
    };
    const end = new AbortController();
    let now = new Date(3000);
    const told: string[] = [];
    for await (const news of watchBoot(
      store,
      mac,
      end.signal,
      () => now,
      () => Promise.resolve(undefined),
    )) {
      told.push(news.kind === 'event' ? news.event.kind : `${news.diagnosis.verdict} ${news.diagnosis.text}`);
      if (told.length === 1) now = new Date(30_000);
      if (told.length === 2) events.push({ ...stored(31, 'new', 'ignition.sent'), at: new Date(31_000) });
      if (told.length === 4) end.abort();
    }
    expect(told).toEqual([
      'proxydhcp.offer',
      'stuck proxydhcp.offer; no request on port 4011 within 10 s',
      'ignition.sent',
      'done ignition.sent',
    ]);
  });

  test.each([
    ['moves on', 'proxydhcp.offer', 'stuck: proxydhcp.offer; the disk is full'],
    ['is over', 'ignition.sent', 'done: ignition.sent; the disk is full'],
  ] as const)(
    'of a boot that %s by its last event, names what keeps the server from recording more',
    async (_what, kind, expected) => {
      const end = new AbortController();
      const store = { listEvents: () => Promise.resolve([stored(1, 's', kind)]) };
      const findProblem = (): Promise<string> => Promise.resolve('the disk is full');
      const told: string[] = [];
      for await (const news of watchBoot(store, mac, end.signal, () => new Date(1000), findProblem)) {
        if (news.kind !== 'diagnosis') continue;
        told.push(`${news.diagnosis.verdict}: ${news.diagnosis.text}`);
        end.abort();
      }
      expect(told).toEqual([expected]);
    },
  );

  test("reports the server's own fault, since no events are recorded then", async () => {
    const server = createServer((request, response) => {
      response.statusCode = request.url === '/readyz' ? 503 : 404;
      response.end('the disk of the database is full\n');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const endpoint = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
    const end = new AbortController();
    const store = { listEvents: () => Promise.resolve([]) };
    const findProblem = (): Promise<string | undefined> => findServerProblem(endpoint);
    const told: string[] = [];
    for await (const news of watchBoot(store, mac, end.signal, () => new Date(0), findProblem)) {
      if (news.kind === 'diagnosis') told.push(`${news.diagnosis.verdict}: ${news.diagnosis.text}`);
      end.abort();
    }
    server.close();
    await once(server, 'close');
    expect(told).toEqual([
      `stuck: no packet or request of this machine was received; HTTP at 127.0.0.1:${endpoint.port} is not ready: the disk of the database is full`,
    ]);
    expect(await findServerProblem(endpoint)).toBeUndefined();
  });
});

describe('other DHCP servers, as the settings expect them', () => {
  const server: ProbeAnswer = {
    serverAddress: address('10.0.0.9'),
    offeredAddress: address('10.0.0.50'),
    hasVendorSpecific: false,
  };
  test.each([
    [
      'one beside mode: proxy',
      [server],
      'proxy',
      ['ok: the DHCP server 10.0.0.9 on eth1 leases addresses, as mode: proxy expects -> '],
    ],
    [
      'one beside mode: full',
      [server],
      'full',
      [
        'problem: the DHCP server 10.0.0.9 on eth1 leases addresses -> switch it off, or use mode: proxy: two servers give out addresses here',
      ],
    ],
    ['none beside mode: full', [], 'full', ['ok: no other DHCP server answers on eth1 -> ']],
    [
      'none beside mode: proxy',
      [],
      'proxy',
      [
        'problem: no other DHCP server answers on eth1, and mode: proxy leases no addresses -> use mode: full, or check that the server that leases addresses runs and can be reached',
      ],
    ],
  ] as const)('%s', (_what, answers, mode, expected) => {
    expect(say(judgeDhcpServers('eth1', answers, mode))).toEqual(expected);
  });
});

describe('the server itself', () => {
  test.each([
    ['ready', 200, 'ready', /^ok: HTTP at 127\.0\.0\.1:\d+ is ready to serve machines/],
    [
      'not ready',
      503,
      'the database cannot be written',
      /^problem: .* is not ready: the database cannot be written/,
    ],
  ])('that is %s over HTTP', async (_what, status, text, expected) => {
    const server = createServer((_request, response) => response.writeHead(status).end(text));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    expect(say([await checkHttp({ host: '0.0.0.0', port })])[0]).toMatch(expected);
    server.close();
    await once(server, 'close');
    expect(say([await checkHttp({ host: '0.0.0.0', port })])[0]).toMatch(/^problem: .* does not answer/);
  });

  test.each([
    ['room', { freeBytes: 5e9, writable: true }, /^ok: .* 4768 MB left/],
    ['little space', { freeBytes: 5e6, writable: true }, /^problem: .* has 4 MB left/],
    [
      'no space',
      { freeBytes: 4096, writable: false },
      /^problem: the disk of the database, \/var\/lib\/railhead, is full: nothing is stored, and no new lease is given -> make room/,
    ],
    [
      'no write permission',
      { freeBytes: 5e9, writable: false },
      /^warning: this user may not write to \/var\/lib\/railhead/,
    ],
  ])('whose disk has %s', async (_what, disk, expected) => {
    const finding = await checkDisk('/var/lib/railhead/railhead.db', () => Promise.resolve(disk));
    expect(say([finding])[0]).toMatch(expected);
  });

  const database: PostgresState = {
    version: '15.14',
    versionNumber: 150_014,
    readOnly: false,
    hasTables: true,
    mayCreate: true,
    owner: { described: 'process 7 (railhead serve) on host1', since: new Date(0) },
    inUse: true,
  };
  test.each<[string, Partial<PostgresState>, RegExp]>([
    [
      'a Railhead has',
      {},
      /^ok: the database postgres:\/\/r@db1\/railhead answers \(PostgreSQL 15\.14\), and is in use by process 7 \(railhead serve\) on host1/,
    ],
    ['no Railhead has', { inUse: false }, /^warning: .*no Railhead has it open now; the last was process 7/],
    ['is empty', { hasTables: false, owner: undefined, inUse: false }, /^ok: .* and is empty/],
    [
      'is too old',
      { version: '14.2', versionNumber: 140_002 },
      /^problem: .*14\.2.*needs version 15 or later/,
    ],
    ['is a standby', { readOnly: true }, /^problem: .*cannot be written.*-> name the primary/],
    ['is of another user', { mayCreate: false }, /^problem: .*may not create tables.*alter database/],
  ])('whose PostgreSQL database %s', async (_what, state, expected) => {
    const name = 'postgres://r@db1/railhead';
    const found = say(await checkPostgres(name, () => Promise.resolve({ ...database, ...state })));
    expect(found).toEqual([expect.stringMatching(expected)]);
  });

  test('whose PostgreSQL database does not answer', async () => {
    const look = (): Promise<PostgresState> => Promise.reject(new Error('read the store db1: it is away'));
    const found = say(await checkPostgres('db1', look));
    expect(found).toEqual([
      expect.stringMatching(/^problem: read the store db1: it is away -> .*store\.url/),
    ]);
  });

  test.each([
    ['right', '2026-11-25T12:00:00Z', '2026-11-25T11:00:00Z', /^ok/],
    ['long ago', '1970-01-01T00:01:00Z', undefined, /^problem: .*before this program existed/],
    [
      'before the last change',
      '2026-11-25T12:00:00Z',
      '2026-11-25T13:00:00Z',
      /^problem: .*the clock is behind/,
    ],
  ])('whose clock is %s', (_what, now, changed, expected) => {
    const finding = checkClock(new Date(now), changed === undefined ? undefined : new Date(changed));
    expect(say([finding])[0]).toMatch(expected);
  });

  test('whose catalog has a mistake', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'railhead-doctor-'));
    mkdirSync(path.join(folder, 'profiles'));
    const now = (): Date => new Date('2026-11-25T12:00:00Z');
    expect(say(await checkCatalog(folder, now))[0]).toMatch(/^warning: .* 0 profiles/);
    writeFileSync(path.join(folder, 'profiles/a.yaml'), 'id: a\nnonsense: 1\n');
    expect(say(await checkCatalog(folder, now))[0]).toMatch(/^problem: .*profiles\/a\.yaml:2:1/);
    rmSync(folder, { recursive: true });
  });

  test('whose profiles name files that machines cannot load', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'railhead-doctor-'));
    for (const name of ['profiles', 'groups', 'kernels/folder'])
      mkdirSync(path.join(folder, name), { recursive: true });
    writeFileSync(
      path.join(folder, 'profiles/a.yaml'),
      'id: a\nboot:\n  kernel: /assets/vmlinuz\n  initrd: [/assets/gone, /assets/folder, /assets/empty]\n',
    );
    writeFileSync(path.join(folder, 'groups/a.yaml'), 'id: a\nprofile: a\n');
    writeFileSync(path.join(folder, 'kernels/vmlinuz'), 'kernel');
    writeFileSync(path.join(folder, 'kernels/empty'), '');
    const now = (): Date => new Date('2026-11-25T12:00:00Z');
    const kernels = path.join(folder, 'kernels');
    expect(say(await checkCatalog(folder, now, kernels)).slice(1)).toEqual([
      expect.stringMatching(
        /^problem: profiles\/a\.yaml:4:12: assets\/gone does not exist.* -> put the file into .*kernels/,
      ),
      expect.stringMatching(/^problem: .*assets\/folder is a folder, not a file/),
      expect.stringMatching(/^problem: .*assets\/empty is empty, and machines of group a /),
    ]);
    rmSync(path.join(kernels, 'folder'), { recursive: true });
    for (const name of ['empty', 'folder', 'gone']) writeFileSync(path.join(kernels, name), 'initrd');
    expect(say(await checkCatalog(folder, now, kernels))[1]).toBe(
      `ok: 4 files that profiles name can be read in ${kernels} -> `,
    );
    rmSync(folder, { recursive: true });
  });
});
