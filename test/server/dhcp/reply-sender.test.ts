import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseIpv4 } from '../../../src/protocol/ipv4-address.ts';
import type { Ingress } from '../../../src/provision/dhcp/dhcp-packet.ts';
import { ReplySender } from '../../../src/server/dhcp/reply-sender.ts';
import { DatagramBatches } from '../../../src/server/udp/datagram-batches.ts';
import { openUdpSocket, type UdpSocket } from '../../../src/server/udp/open-udp-socket.ts';
import { loadSocketCalls } from '../../../src/server/udp/socket-calls.ts';

const loopback = parseIpv4('127.0.0.1')!;
const ingress: Ingress = { interface: 'lo', localAddress: loopback, port: 67 };

let own: UdpSocket;
let client: Socket;
/** What the client received. */
let received: string[];
let failures: string[];
/** The number of datagrams of each system call, and the error that it returns instead of sending them. */
let calls: number[];
let refuse: number | undefined;
let sender: ReplySender;

beforeEach(async () => {
  const real = await loadSocketCalls();
  [received, failures, calls, refuse] = [[], [], [], undefined];
  own = await openUdpSocket({
    address: loopback,
    port: 0,
    reuseAddress: false,
    receiveBufferBytes: 65_536,
    device: 'lo',
    calls: real,
  });
  client = createSocket('udp4').bind(0, loopback);
  await once(client, 'listening');
  client.on('message', (bytes) => received.push(bytes.toString()));
  sender = new ReplySender((code) => failures.push(code));
  sender.batches = DatagramBatches.create({
    open: (wish) => real.open(wish),
    receiveMany: (...from) => real.receiveMany(...from),
    addressOf: (bytes) => real.addressOf(bytes),
    sendMany: (fd, headers, count) => {
      calls.push(count);
      return refuse ?? real.sendMany(fd, headers, count);
    },
  });
  sender.add(ingress, own);
});

afterEach(() => {
  own.socket.close();
  client.close();
});

const send = (text: string): void =>
  sender.send(Buffer.from(text), { address: loopback, port: client.address().port, from: ingress });

async function receive(count: number): Promise<string[]> {
  while (received.length < count) await once(client, 'message');
  return received;
}

test('replies of one turn of the event loop are sent with one system call', async () => {
  for (const text of ['a', 'b', 'c']) send(text);
  expect(calls).toEqual([]);
  expect(await receive(3)).toEqual(['a', 'b', 'c']);
  expect(calls).toEqual([3]);
});

test('sixteen replies are sent without waiting for more', async () => {
  for (let count = 0; count < 40; count++) send(String(count));
  expect(calls).toEqual([16, 16]);
  expect(await receive(40)).toHaveLength(40);
  expect(calls).toEqual([16, 16, 8]);
});

test.each([
  ['EAGAIN', -11],
  ['ENOMEM', -12],
  ['ENOBUFS', -105],
])('replies for which the kernel has no space (%s) are sent when it has', async (_name, errno) => {
  refuse = errno;
  send('a');
  send('b');
  expect(await receive(2)).toEqual(['a', 'b']);
  expect(failures).toEqual([]);
});

test('while too many replies wait for space, further ones are dropped, and reported', () => {
  refuse = -11;
  own.socket.getSendQueueSize = () => 5 << 20;
  send('a');
  sender.flush();
  expect(failures).toEqual(['ENOBUFS']);
});

test('replies that the kernel refuses are reported by the error code', () => {
  refuse = -101;
  send('a');
  sender.flush();
  expect(failures).toEqual(['ENETUNREACH']);
});

test('nothing more is sent on an interface that was removed', () => {
  send('a');
  sender.remove('lo');
  sender.flush();
  send('b');
  expect([calls, failures]).toEqual([[], ['EADDRNOTAVAIL']]);
});
