import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type DnsServer, exchangeUpdate } from '../../src/dns-updates/dns-exchange.ts';
import {
  decodeDnsMessage,
  encodeDnsMessage,
  OPCODE_UPDATE,
  RecordType,
  ResponseCode,
} from '../../src/protocol/dns/dns-message.ts';
import { parseDnsName } from '../../src/protocol/dns/dns-name.ts';
import { addRecord, type DnsUpdate } from '../../src/protocol/dns/dns-update.ts';

const zone = parseDnsName('lab.example.com')!;
const update: DnsUpdate = {
  zone,
  prerequisites: [],
  updates: [addRecord(parseDnsName('web1.lab.example.com')!, RecordType.a, 60, Uint8Array.of(10, 0, 0, 1))],
};
const NOW = () => 1_790_000_000_000;
const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** The server's answers to a request, in order. */
type Answering = (request: Uint8Array, id: number) => Uint8Array[];

function answer(
  id: number,
  fields: { rcode?: number; truncated?: boolean; response?: boolean } = {},
): Uint8Array {
  return encodeDnsMessage({
    id,
    response: true,
    opcode: OPCODE_UPDATE,
    truncated: false,
    rcode: ResponseCode.noError,
    questions: [],
    answers: [],
    authorities: [],
    additionals: [],
    ...fields,
  });
}

/** A DNS server on UDP and, at the same port, on TCP. */
async function startServer(byUdp: Answering, byTcp: Answering = () => []): Promise<DnsServer> {
  const tcp: Server = createServer((connection) => {
    connection.on('error', () => undefined);
    connection.once('data', (chunk) => {
      const request = chunk.subarray(2);
      const answers = byTcp(request, decodeDnsMessage(request).id);
      // In two pieces, as a network may deliver it.
      for (const bytes of answers) {
        connection.write(Uint8Array.of(bytes.length >> 8));
        setImmediate(() => connection.write(Uint8Array.from([bytes.length & 255, ...bytes])));
      }
      if (answers.length === 0) connection.end();
    });
  });
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const { port } = tcp.address() as { port: number };
  const udp: Socket = createSocket('udp4');
  udp.on('message', (request, peer) => {
    for (const bytes of byUdp(request, decodeDnsMessage(request).id))
      udp.send(bytes, peer.port, peer.address);
  });
  udp.bind(port, '127.0.0.1');
  await once(udp, 'listening');
  closers.push(
    () => udp.close(),
    () => tcp.close(),
  );
  return { endpoint: { host: '127.0.0.1', port } };
}

test('the result is the response code of the answer', async () => {
  const server = await startServer((_, id) => [answer(id, { rcode: ResponseCode.yxDomain })]);
  expect(await exchangeUpdate(server, update, NOW)).toBe(ResponseCode.yxDomain);
});

test('answers to other messages, and requests, are ignored', async () => {
  const server = await startServer((_, id) => [
    answer(id ^ 1, { rcode: ResponseCode.refused }),
    answer(id, { rcode: ResponseCode.refused, response: false }),
    answer(id),
  ]);
  expect(await exchangeUpdate(server, update, NOW)).toBe(ResponseCode.noError);
});

test('a truncated answer is requested again by TCP', async () => {
  const server = await startServer(
    (_, id) => [answer(id, { truncated: true })],
    (_, id) => [answer(id, { rcode: ResponseCode.nxRrset })],
  );
  expect(await exchangeUpdate(server, update, NOW)).toBe(ResponseCode.nxRrset);
});

test('an update that is too long for UDP is sent by TCP at once', async () => {
  let datagrams = 0;
  const server = await startServer(
    () => {
      datagrams++;
      return [];
    },
    (_, id) => [answer(id)],
  );
  const long = { ...update, updates: Array.from({ length: 20 }, () => update.updates[0]!) };
  expect(await exchangeUpdate(server, long, NOW)).toBe(ResponseCode.noError);
  expect(datagrams).toBe(0);
});

test('a connection that is closed without an answer is an error', async () => {
  const server = await startServer((_, id) => [answer(id, { truncated: true })]);
  await expect(exchangeUpdate(server, update, NOW)).rejects.toThrow('closed without an answer');
});

test('an unsigned answer is not accepted if updates are signed', async () => {
  const { endpoint } = await startServer((_, id) => [answer(id)]);
  const key = { name: parseDnsName('k')!, algorithm: 'hmac-sha256' as const, secret: Buffer.alloc(32) };
  await expect(exchangeUpdate({ endpoint, key }, update, NOW)).rejects.toThrow('the answer is not signed');
});

test('if no server listens, that is reported at once', async () => {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  const server = { endpoint: { host: '127.0.0.1', port } };
  await expect(exchangeUpdate(server, update, NOW)).rejects.toThrow(
    `127.0.0.1:${port}: nothing listens there`,
  );
});
