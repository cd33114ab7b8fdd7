import { createSocket, Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { parseIpv4 } from '../../../src/protocol/ipv4-address.ts';
import { DatagramBatches } from '../../../src/server/udp/datagram-batches.ts';
import { openUdpSocket, type UdpSocket } from '../../../src/server/udp/open-udp-socket.ts';
import { describeHolders, findPortHolders, parseSocketTable } from '../../../src/host/port-holder.ts';
import { readPassedSockets } from '../../../src/server/udp/socket-activation.ts';
import { loadSocketCalls } from '../../../src/server/udp/socket-calls.ts';

const loopback = parseIpv4('127.0.0.1')!;
const common = { address: loopback, reuseAddress: false, receiveBufferBytes: 65_536 };

const open: Socket[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});
const keep = (opened: Socket | UdpSocket): Socket => {
  const socket = opened instanceof Socket ? opened : opened.socket;
  open.push(socket);
  return socket;
};

describe('a socket', () => {
  test('of one interface receives and sends', async () => {
    const calls = await loadSocketCalls();
    const one = keep(await openUdpSocket({ ...common, port: 0, device: 'lo', calls }));
    const peer = keep(createSocket('udp4'));
    peer.send('ping', one.address().port, loopback);
    const [bytes, source] = (await once(one, 'message')) as [Buffer, { port: number }];
    expect(bytes.toString()).toBe('ping');
    one.send('pong', source.port, loopback);
    const [answer] = (await once(peer, 'message')) as [Buffer];
    expect(answer.toString()).toBe('pong');
  });

  test.each(['plain', 'of one interface'])(
    'whose port is taken names the process that has it: %s',
    async (kind) => {
      const device = kind === 'plain' ? {} : { device: 'lo', calls: await loadSocketCalls() };
      const holder = keep(await openUdpSocket({ ...common, port: 0 }));
      const { port } = holder.address();
      const attempt = openUdpSocket({ ...common, ...device, port });
      await expect(attempt).rejects.toMatchObject({ code: 'EADDRINUSE' });
      await expect(attempt).rejects.toThrow(`(pid ${process.pid}) on 127.0.0.1; stop that program`);
    },
  );

  test('of a missing interface reports that', async () => {
    const device = { device: 'nonesuch0', calls: await loadSocketCalls() };
    await expect(openUdpSocket({ ...common, ...device, port: 0 })).rejects.toThrow(
      'listen on UDP port 0 of 127.0.0.1 on nonesuch0: there is no such interface',
    );
  });

  test("of an address that is not this host's reports that", async () => {
    const address = parseIpv4('192.0.2.1')!;
    await expect(openUdpSocket({ ...common, address, port: 0 })).rejects.toThrow(
      'the address does not belong to this host',
    );
  });
});

describe('many datagrams at once', () => {
  test('are received and sent like single ones', async () => {
    const calls = await loadSocketCalls();
    const batches = DatagramBatches.create(calls);
    if (batches === undefined) throw new Error(`no layout is known for ${process.arch}`);
    const one = await openUdpSocket({ ...common, port: 0, device: 'lo', calls });
    const two = await openUdpSocket({ ...common, receiveBufferBytes: 1 << 20, port: 0, device: 'lo', calls });
    keep(one);
    keep(two);
    const [from, to] = [one.socket.address().port, two.socket.address().port];
    // More than fit into one call, with every size that a reply can have.
    const texts = Array.from({ length: 150 }, (_, index) => `${index} ${'x'.repeat(index * 9)}`);
    const failures: number[] = [];
    const datagrams = texts.map((text) => ({ bytes: Buffer.from(text), address: loopback, port: to }));
    const unroutable = { bytes: Buffer.from('x'), address: parseIpv4('255.255.255.255')!, port: 0 };
    const left = batches.send(
      one.fd!,
      [...datagrams.slice(0, 10), unroutable, ...datagrams.slice(10)],
      (errno) => failures.push(errno),
    );
    expect(left).toEqual([]);
    expect(failures).toHaveLength(1);

    const received: string[] = [];
    // 64 at a time.
    for (let calls = 0; calls < 3; calls++) {
      batches.receive(two.fd!, (bytes, source) => {
        expect(source).toEqual({ address: loopback, port: from });
        received.push(Buffer.from(bytes).toString());
      });
    }
    expect(received).toEqual(texts);
    batches.receive(two.fd!, () => expect.unreachable('nothing is left'));
  });
});

describe('the holder of a port', () => {
  test('is found in the tables of the kernel', async () => {
    const { port } = keep(await openUdpSocket({ ...common, port: 0 })).address();
    const [holder, ...others] = await findPortHolders('udp', port);
    expect(others).toEqual([]);
    expect(holder).toMatchObject({ address: '127.0.0.1', process: { pid: process.pid } });
    expect(await findPortHolders('tcp', port)).toEqual([]);
  });

  test('is read from lines as the kernel writes them', () => {
    const table = [
      '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops',
      '  205: 0100000A:0043 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 31337 2 0 0',
      '  206: 00000000000000000000000000000000:0045 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 31338 2 0 0',
      '  207: 0000000000000000FFFF00000100007F:0FAB 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 31339 2 0 0',
      '',
    ].join('\n');
    expect(parseSocketTable(table)).toEqual([
      { address: '10.0.0.1', port: 67, state: '07', inode: '31337' },
      { address: '[::]', port: 69, state: '07', inode: '31338' },
      { address: '127.0.0.1', port: 4011, state: '07', inode: '31339' },
    ]);
  });

  test.each([
    [[], 'by another program'],
    [[{ address: '0.0.0.0' }], "by another user's program on 0.0.0.0"],
    [
      [
        { address: '10.0.0.1', process: { pid: 7, name: 'dnsmasq', command: [] } },
        { address: '10.0.0.1', process: { pid: 7, name: 'dnsmasq', command: [] } },
        { address: '10.1.0.1', process: { pid: 8, name: 'kea-dhcp4', command: [] } },
      ],
      'by dnsmasq (pid 7) on 10.0.0.1 and kea-dhcp4 (pid 8) on 10.1.0.1',
    ],
  ])('is described in words: %j', (holders, words) => {
    expect(describeHolders(holders)).toBe(words);
  });
});

describe('sockets from systemd', () => {
  test.each([
    ['none', {}, []],
    ['meant for another process', { LISTEN_FDS: '2', LISTEN_PID: '41' }, []],
    [
      'without names',
      { LISTEN_FDS: '2', LISTEN_PID: '42' },
      [
        { fd: 3, name: '' },
        { fd: 4, name: '' },
      ],
    ],
    [
      'with names',
      { LISTEN_FDS: '2', LISTEN_PID: '42', LISTEN_FDNAMES: 'eth1:unknown' },
      [
        { fd: 3, name: 'eth1' },
        { fd: 4, name: '' },
      ],
    ],
  ])('%s', (_, environment, sockets) => {
    expect(readPassedSockets(environment, 42)).toEqual(sockets);
  });

  test.each(['', 'x', '-1', '1.5', '9999'])('an invalid number of sockets: %j', (LISTEN_FDS) => {
    if (LISTEN_FDS === '') expect(readPassedSockets({ LISTEN_FDS, LISTEN_PID: '42' }, 42)).toEqual([]);
    else expect(() => readPassedSockets({ LISTEN_FDS, LISTEN_PID: '42' }, 42)).toThrow(RangeError);
  });
});

test.each([
  ['node:dgram', undefined],
  ['system calls', await loadSocketCalls()],
])('a socket without broadcast, by %s, sends nothing to a broadcast address', async (_name, calls) => {
  const socket = keep(await openUdpSocket({ ...common, port: 0, broadcast: false, ...(calls && { calls }) }));
  const sent = new Promise((resolve) => socket.send('x', 9, '127.255.255.255', resolve));
  expect(await sent).toMatchObject({ code: 'EACCES' });
});
