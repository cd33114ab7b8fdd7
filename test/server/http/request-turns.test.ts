import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { RequestTurns } from '../../../src/server/http/request-turns.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A server whose answers the test ends, and a connection to it. */
async function start(waitingMax?: number) {
  const begun: ServerResponse[] = [];
  /** The connection of each response when it was started. */
  const sockets: (Socket | null)[] = [];
  const answer = (_request: IncomingMessage, response: ServerResponse): void => {
    begun.push(response);
    sockets.push(response.socket);
  };
  const turns = new RequestTurns(answer, { ...(waitingMax !== undefined && { waitingMax }) });
  server = createServer(turns.take).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const open = async (): Promise<Socket> => {
    const client = connect(port, '127.0.0.1').on('error', () => undefined);
    await once(client, 'connect');
    return client;
  };
  return { begun, sockets, turns, open };
}

test('a request is started when the previous one is answered', async () => {
  const { begun, open, turns } = await start();
  const client = await open();
  client.write(REQUEST.repeat(3));
  await vi.waitFor(() => expect(turns.waiting).toBe(2));
  expect(begun).toHaveLength(1);
  begun[0]?.end('one');
  await vi.waitFor(() => expect(begun).toHaveLength(2));
  expect(turns.waiting).toBe(1);
  begun[1]?.end('two');
  await vi.waitFor(() => expect(begun).toHaveLength(3));
  client.write(REQUEST);
  begun[2]?.end('three');
  await vi.waitFor(() => expect(begun).toHaveLength(4));
});

test('a waiting request is never started after its connection has ended', async () => {
  const { begun, open, turns } = await start();
  const client = await open();
  client.write(REQUEST.repeat(100));
  await vi.waitFor(() => expect(turns.waiting).toBe(99));
  client.resetAndDestroy();
  begun[0]?.write('x');
  await vi.waitFor(() => expect(turns.waiting).toBe(0));
  expect(begun).toHaveLength(1);
  expect(begun[0]?.destroyed).toBe(true);
});

test.each([
  [
    'an Expect that it does not know',
    'GET / HTTP/1.1\r\nHost: x\r\nExpect: nothing\r\n\r\n',
    /^HTTP\/1\.1 417 /,
  ],
  ['a request without a Host', 'GET / HTTP/1.1\r\nConnection: keep-alive\r\n\r\n', /^HTTP\/1\.1 400 /],
])(
  'a request behind the answer that Node gives to %s has a connection when it is begun',
  async (_, own, status) => {
    const { open, sockets, turns, begun } = await start();
    const client = await open();
    const closed = once(client, 'close');
    let received = '';
    client.setEncoding('latin1').on('data', (text: string) => (received += text));
    client.write(`${own}${REQUEST.repeat(2)}`);
    await vi.waitFor(() => expect(received).toMatch(status));
    if (!received.includes('Connection: close')) {
      await vi.waitFor(() => expect(begun).toHaveLength(1));
      begun[0]?.end('one');
      await vi.waitFor(() => expect(begun).toHaveLength(2));
      begun[1]?.end('two');
      await vi.waitFor(() => expect(received).toMatch(/one[^]*two/));
    } else await closed;
    expect(turns.waiting).toBe(0);
    expect(sockets).not.toContain(null);
  },
);

test('a connection is not read while requests wait on it', async () => {
  const { begun, open, turns } = await start();
  const client = await open();
  client.write(REQUEST.repeat(50));
  await vi.waitFor(() => expect(turns.waiting).toBe(49));
  client.write(REQUEST.repeat(100_000));
  const other = await open();
  other.write(REQUEST);
  await vi.waitFor(() => expect(begun).toHaveLength(2));
  expect(turns.waiting).toBe(49);
});

test('a connection on which more than a hundred requests wait is closed', async () => {
  const { open, turns } = await start();
  const client = await open();
  client.resume();
  const closed = new Promise((resolve) => client.once('close', resolve));
  client.write(REQUEST.repeat(100_000));
  await closed;
  await vi.waitFor(() => expect(turns.waiting).toBe(0));
});

test('other connections get their turn between the requests of one', async () => {
  const answered: string[] = [];
  const turns = new RequestTurns((request, response) => {
    answered.push(request.url ?? '');
    response.end('done');
  });
  server = createServer(turns.take).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const [greedy, other] = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
  await Promise.all([once(greedy, 'connect'), once(other, 'connect')]);
  greedy.resume();
  other.resume();
  greedy.write(REQUEST.replace('/', '/greedy').repeat(90));
  other.write(REQUEST.replace('/', '/other'));
  await vi.waitFor(() => expect(answered).toHaveLength(91));
  expect(answered.indexOf('/other')).toBeLessThan(90);
});

test('a connection with more waiting requests than all connections together may have is closed', async () => {
  const { begun, open, turns } = await start(10);
  const [first, second] = [await open(), await open()];
  first.write(REQUEST.repeat(8));
  await vi.waitFor(() => expect(turns.waiting).toBe(7));
  second.write(REQUEST.repeat(50));
  second.resume();
  await once(second, 'close');
  expect(turns.waiting).toBe(7);
  begun[0]?.end('one');
  await vi.waitFor(() => expect(turns.waiting).toBe(6));
});
