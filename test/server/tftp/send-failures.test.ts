import { afterEach, describe, expect, test } from 'vitest';
import { type BatchedCalls, loadBatchedCalls } from '../../../src/server/tftp/transfers/transfer-ports.ts';
import { PacketBatches } from '../../../src/server/udp/packet-batches.ts';
import { loadSocketCalls, type SocketCalls } from '../../../src/server/udp/socket-calls.ts';
import type { TftpServerParts } from '../../../src/server/tftp/tftp-server.ts';
import type { TftpSettings } from '../../../src/server/tftp/tftp-settings.ts';
import { fetchFile, rawRequest, TestPeer } from './test-client.ts';
import {
  closeTestServers,
  contentOf,
  type LogLine,
  startTestServer,
  TestClock,
  type TestServer,
} from './test-server.ts';

afterEach(closeTestServers);

const EAGAIN = -11;
const ENOBUFS = -105;
const EMSGSIZE = -90;
const ENETUNREACH = -101;

const FILE = Buffer.from(Array.from({ length: 300 * 512 }, (_, at) => (at * 31) % 251));
const BLOCKS = 301;

/** The system calls; sending fails as `failing` says, and otherwise sends only a few packets at a time. */
async function brokenCalls(
  atOnce: number,
  failing: (call: number) => number | undefined,
): Promise<BatchedCalls> {
  const real = await loadSocketCalls();
  let call = 0;
  const calls: SocketCalls = {
    ...real,
    sendMany: (fd, headers, count) => failing(call++) ?? real.sendMany(fd, headers, Math.min(count, atOnce)),
  };
  return { calls, batches: PacketBatches.create(calls)! };
}

function start(
  batched: BatchedCalls,
  settings: Partial<TftpSettings> = {},
  parts: Partial<TftpServerParts> = {},
): Promise<TestServer> {
  const loadCalls = (): Promise<BatchedCalls> => Promise.resolve(batched);
  return startTestServer(contentOf({ file: FILE }), settings, { loadCalls, ...parts });
}

/** A clock that does not advance: if nothing is lost, a busy host must not make the server send anything again. */
const timeless = (): Partial<TftpServerParts> => ({ now: new TestClock().now });

describe('a socket without space', () => {
  test.each([
    [1, 1],
    [4, 3],
    [64, 1],
    [64, 10],
    [64, 63],
  ])(
    'windows of %i, %i packets at a time: every block is sent once, in order, to all',
    async (windowsize, atOnce) => {
      const { counters, port } = await start(
        await brokenCalls(atOnce, (call) => (call % 2 === 1 ? EAGAIN : undefined)),
        {},
        timeless(),
      );
      const fetched = await Promise.all(
        Array.from({ length: 8 }, () => fetchFile(port, 'file', { windowsize })),
      );
      for (const { bytes, dataPackets } of fetched) {
        expect(bytes.equals(FILE)).toBe(true);
        expect(dataPackets).toBe(BLOCKS);
      }
      expect(counters.get('tftp_resent_packets')).toBe(0);
      expect(counters.get('tftp_no_room')).toBeGreaterThan(0);
    },
  );

  test('because the kernel is out of memory: sending continues a moment later', async () => {
    const { counters, port } = await start(
      await brokenCalls(64, (call) => (call % 5 === 2 ? ENOBUFS : undefined)),
      {},
      timeless(),
    );
    const { bytes, dataPackets } = await fetchFile(port, 'file', { windowsize: 16 });
    expect(bytes.equals(FILE)).toBe(true);
    expect(dataPackets).toBe(BLOCKS);
    expect(counters.get('tftp_no_room')).toBeGreaterThan(0);
  });
});

describe('a packet that is not sent', () => {
  test('because there is no route for a moment is sent again after a while', async () => {
    const { counters, port } = await start(
      await brokenCalls(64, (call) => (call % 9 === 3 ? ENETUNREACH : undefined)),
      { retransmitMs: 50 },
    );
    const { bytes } = await fetchFile(port, 'file', { windowsize: 64 });
    expect(bytes.equals(FILE)).toBe(true);
    expect(counters.get('tftp_send_errors', 'ENETUNREACH')).toBeGreaterThan(0);
  });

  test('because it never can be ends the transfer, and the log says why', async () => {
    const { lines, port } = await start(await brokenCalls(64, () => EMSGSIZE));
    const client = await TestPeer.open();
    client.send(rawRequest('file'), port);
    const logged = (): LogLine[] => lines.filter(({ msg }) => msg === 'tftp transfer');
    await expect.poll(logged).toHaveLength(1);
    expect(logged()).toMatchObject([{ outcome: 'unreachable', err: { message: 'sendmmsg: EMSGSIZE' } }]);
    client.close();
  });
});

test('where the system has no such calls, files are sent one packet at a time', async () => {
  expect(await loadBatchedCalls()).toBeDefined();
  const { port } = await startTestServer(
    contentOf({ file: FILE }),
    {},
    { loadCalls: () => Promise.resolve(undefined), ...timeless() },
  );
  const { bytes, dataPackets } = await fetchFile(port, 'file', { windowsize: 16 });
  expect(bytes.equals(FILE)).toBe(true);
  expect(dataPackets).toBe(BLOCKS);
});
