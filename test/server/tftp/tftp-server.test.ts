import { randomBytes } from 'node:crypto';
import pino from 'pino';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Ipv4Address } from '../../../src/protocol/ipv4-address.ts';
import { InterfaceWatcher } from '../../../src/host/interface-watcher.ts';
import type { NetworkInterface } from '../../../src/host/network-interfaces.ts';
import type { TftpAnswer, TftpContent } from '../../../src/server/tftp/content/tftp-content.ts';
import type { TftpServerParts } from '../../../src/server/tftp/tftp-server.ts';
import type { TftpSettings } from '../../../src/server/tftp/tftp-settings.ts';
import { fetchFile, rawAck, rawError, rawRequest, TestPeer } from './test-client.ts';
import { closeTestServers, contentOf, startTestServer, type TestServer } from './test-server.ts';

const PROGRAM = randomBytes(74_213);
const files = contentOf({
  'undionly.kpxe': PROGRAM,
  empty: Buffer.alloc(0),
  exact: PROGRAM.subarray(0, 5120),
});

afterEach(closeTestServers);

const start = (settings: Partial<TftpSettings> = {}, parts: Partial<TftpServerParts> = {}) =>
  startTestServer(files, settings, parts);

describe('a file arrives', () => {
  test.each([
    ['without options, 512 bytes per block', {}, {}],
    [
      'with the options of edk2',
      { tsize: 0, blksize: 1468, windowsize: 4 },
      { tsize: '74213', blksize: '1468', windowsize: '4' },
    ],
    ['with the options of iPXE', { blksize: 1432, tsize: 0 }, { blksize: '1432', tsize: '74213' }],
    ['with a large window', { blksize: 1024, windowsize: 64 }, { blksize: '1024', windowsize: '64' }],
    ['with jumbo blocks lowered to the MTU', { blksize: 8192 }, { blksize: '1468' }],
    ['with the smallest blocks', { blksize: 8, windowsize: 64 }, { blksize: '8', windowsize: '64' }],
  ])('%s', async (_, options, oack) => {
    const { port } = await start();
    const fetched = await fetchFile(port, 'undionly.kpxe', options);
    expect(fetched.bytes.equals(PROGRAM)).toBe(true);
    expect(fetched.oack).toEqual(oack);
  });

  test.each(['standard', 'single-port'])(
    'from the address to which the request was sent, %s',
    async (mode) => {
      const { port } = await start({ singlePort: mode === 'single-port' });
      const { bytes, server } = await fetchFile(port, 'undionly.kpxe', { windowsize: 8 });
      expect(bytes.equals(PROGRAM)).toBe(true);
      expect(server.address).toBe('127.0.0.1');
      expect(server.port === port).toBe(mode === 'single-port');
    },
  );

  test.each([
    ['empty', 0],
    ['exact', 5120],
  ])('ends with an empty block if the size requires it: %s', async (name, size) => {
    const { port } = await start();
    expect((await fetchFile(port, name)).bytes).toHaveLength(size);
  });
});

test('a URL requested by firmware that supports only TFTP is an event', async () => {
  const { events, port } = await start();
  await expect(fetchFile(port, 'http://10.0.0.2/boot.ipxe')).rejects.toThrow('ERROR 1: a URL was requested');
  expect(events.summaries('boot.url_sent_to_pxe_rom')).toEqual([
    'the firmware was given the URL http://10.0.0.2/boot.ipxe but supports only TFTP',
  ]);
});

test('another kind of failure in the same minute is a separate event, and the same kind is not', async () => {
  const { events, lines, port } = await start();
  for (const name of [
    'gone',
    'gone too',
    'http://10.0.0.2/boot.ipxe',
    '../../etc/passwd',
    'http://10.0.0.2/',
  ])
    await expect(fetchFile(port, name)).rejects.toThrow('ERROR');
  expect(events.events.map(({ kind, summary }) => `${kind}: ${summary}`)).toEqual([
    'tftp.failed: TFTP gone failed: no such file',
    'boot.url_sent_to_pxe_rom: the firmware was given the URL http://10.0.0.2/boot.ipxe but supports only TFTP',
    expect.stringMatching(/^tftp.failed: TFTP ..\/..\/etc\/passwd failed: /),
  ]);
  expect(lines.filter(({ msg }) => msg === 'tftp request rejected')).toHaveLength(1);
});

test('requests that end before their first ACK, as forged ones do, cause one log line and one event', async () => {
  const { counters, events, lines, port } = await start();
  for (let times = 0; times < 3; times++) {
    const peer = await TestPeer.open();
    const first = await peer.ask(rawRequest('exact'), port);
    peer.send(rawError(0), first!.port);
    await expect.poll(() => counters.get('tftp_transfers', 'aborted')).toBe(times + 1);
    peer.close();
  }
  expect(events.summaries('tftp.failed')).toEqual(['TFTP exact failed: the client gave up']);
  expect(lines.filter(({ level }) => level >= 30)).toMatchObject([{ msg: 'tftp request rejected', reason: 'the client gave up' }]);
}); // prettier-ignore

test('each of several addresses answers for itself', async () => {
  const addresses = ['127.0.0.1', '127.0.0.2'] as Ipv4Address[];
  const { server } = await start({}, { listeners: addresses.map((address) => ({ address, port: 0 })) });
  expect(server.addresses.map(({ address }) => address)).toEqual(addresses);
  for (const { address, port } of server.addresses) {
    const fetched = await fetchFile(port, 'exact', {}, address);
    expect([fetched.server.address, fetched.bytes.length]).toEqual([address, 5120]);
  }
});

describe('without a configured address a server follows those of the host', () => {
  const wildcard = { listeners: [{ address: '0.0.0.0' as Ipv4Address, port: 0 }] };
  const local = (...addresses: [string, ...string[]]): NetworkInterface[] => [
    { name: 'lo', index: 1, addresses: addresses as [Ipv4Address, ...Ipv4Address[]], loopback: true },
  ];
  const listening = ({ server }: TestServer): string[] => server.addresses.map(({ address }) => address);

  const watch = (list: () => NetworkInterface[]): InterfaceWatcher =>
    new InterfaceWatcher(pino({ level: 'silent' }), list);

  test('that are added', async () => {
    let now = local('127.0.0.1');
    const watcher = watch(() => now);
    const started = await start({}, { ...wildcard, watcher });
    now = local('127.0.0.1', '127.0.0.2');
    await watcher.look();
    await vi.waitFor(() => expect(listening(started)).toEqual(['127.0.0.1', '127.0.0.2']));
    const { address, port } = started.server.addresses[1]!;
    expect((await fetchFile(port, 'exact', {}, address)).bytes).toHaveLength(5120);
  });

  test('that are removed, with their transfers', async () => {
    let now = local('127.0.0.1', '127.0.0.2');
    const watcher = watch(() => now);
    const started = await start({ retransmitMs: 60_000 }, { ...wildcard, watcher });
    const { port } = started.server.addresses[1]!;
    const peer = await TestPeer.open();
    const oack = await peer.ask(rawRequest('exact', { blksize: 1024 }), port, '127.0.0.2');
    await peer.ask(rawAck(0), oack!.port, '127.0.0.2');
    now = local('127.0.0.1');
    await watcher.look();
    await vi.waitFor(() => expect(listening(started)).toEqual(['127.0.0.1']));
    expect(await peer.next()).toMatchObject({ opcode: 5, address: '127.0.0.2' });
    peer.close();
    await vi.waitFor(() => expect(started.server.transfers).toBe(0));
    expect(started.counters.get('tftp_transfers', 'stopped')).toBe(1);
  });

  test('that cannot be opened, logged once until it works', async () => {
    let now = local('127.0.0.1');
    const watcher = watch(() => now);
    const started = await start({}, { ...wildcard, watcher });
    // No interface has an address of the documentation range.
    now = local('127.0.0.1', '203.0.113.1');
    const failures = (): number => started.lines.filter(({ level }) => level === 50).length;
    await watcher.look();
    await vi.waitFor(() => expect(failures()).toBe(1));
    await watcher.look();
    now = local('127.0.0.1', '203.0.113.1', '127.0.0.2');
    await watcher.look();
    await vi.waitFor(() => expect(listening(started)).toEqual(['127.0.0.1', '127.0.0.2']));
    expect(failures()).toBe(1);
  });

  test('and continues when the system does not list them', async () => {
    let tell = (): NetworkInterface[] => local('127.0.0.1');
    const watcher = watch(() => tell());
    const started = await start({}, { ...wildcard, watcher });
    tell = () => {
      throw new Error('EMFILE');
    };
    await watcher.look();
    tell = () => local('127.0.0.1', '127.0.0.2');
    await watcher.look();
    await vi.waitFor(() => expect(listening(started)).toEqual(['127.0.0.1', '127.0.0.2']));
  });
});

test('the server waits for an address that no interface has yet, and serves the others meanwhile', async () => {
  // No interface has an address of the documentation range.
  const addresses = ['203.0.113.1', '127.0.0.1'] as Ipv4Address[];
  const { server, lines } = await start(
    {},
    { listeners: addresses.map((address) => ({ address, port: 0 })) },
  );
  expect(server.addresses.map(({ address }) => address)).toEqual(['127.0.0.1']);
  expect(lines.filter(({ level }) => level === 40)).toMatchObject([
    { local: '203.0.113.1', msg: expect.stringMatching(/does not listen on this address yet/) as string },
  ]);
});

test('an address that is listed twice, or besides the wildcard, is opened once', async () => {
  const free = await start();
  const { port } = free;
  await free.server.close(0);
  const named = ['127.0.0.1', '0.0.0.0', '127.0.0.1'] as Ipv4Address[];
  const { server } = await start(
    {},
    {
      listeners: named.map((address) => ({ address, port })),
      watcher: new InterfaceWatcher(pino({ level: 'silent' }), () => [
        { name: 'lo', index: 1, addresses: ['127.0.0.1' as Ipv4Address], loopback: true },
      ]),
    },
  );
  expect(server.addresses).toEqual([{ address: '127.0.0.1', port }]);
});

describe('a server that stops while a file is being looked up', () => {
  const lookUp = (): { content: TftpContent; answer: (given: TftpAnswer) => void; asked: Promise<void> } => {
    let answer: (given: TftpAnswer) => void = () => undefined;
    const answered = new Promise<TftpAnswer>((resolve) => (answer = resolve));
    let ask: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (ask = resolve));
    return { content: { open: () => (ask(), answered) }, answer: (given) => answer(given), asked };
  };

  test('still answers that it does not exist', async () => {
    const { answer, asked, content } = lookUp();
    const { lines, port, server } = await startTestServer(content);
    const peer = await TestPeer.open();
    peer.send(rawRequest('missing'), port);
    await asked;
    const closed = server.close(60_000);
    answer({ kind: 'not-found' });
    expect(await peer.next()).toMatchObject({ opcode: 5, number: 1 });
    await closed;
    peer.close();
    expect(lines.filter(({ level }) => level > 30)).toEqual([]);
  });

  test('does not wait for the disk, and releases what it returns later', async () => {
    const { answer, asked, content } = lookUp();
    const { port, server } = await startTestServer(content);
    const peer = await TestPeer.open();
    peer.send(rawRequest('slow'), port);
    await asked;
    await server.close(0);
    peer.close();
    const released = new Promise<void>((release) =>
      answer({ kind: 'bytes', name: 'slow', bytes: Buffer.from('late'), release }),
    );
    await released;
    expect(server.transfers).toBe(0);
  });
});

test('a server that stops accepts no more requests, and ends running transfers', async () => {
  const { port, server } = await start();
  const peer = await TestPeer.open();
  try {
    const first = await peer.ask(rawRequest('exact', { blksize: 1024 }), port);
    const stopped = server.close(60_000);
    const taken: number[] = [];
    for (let packet = first; packet !== undefined; packet = await peer.next()) {
      if (packet.opcode === 3) taken.push(packet.number);
      peer.send(rawAck(packet.opcode === 3 ? packet.number : 0), packet.port);
      if (taken.length === 6) break;
    }
    expect(taken).toEqual([1, 2, 3, 4, 5, 6]);
    await stopped;
    expect(server.transfers).toBe(0);
    expect(server.addresses).toEqual([]);
  } finally {
    peer.close();
  }
});
