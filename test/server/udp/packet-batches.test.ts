import { afterEach, describe, expect, test } from 'vitest';
import { type Ipv4Address, ipv4ToNumber } from '../../../src/protocol/ipv4-address.ts';
import { openUdpSocket, type UdpSocket } from '../../../src/server/udp/open-udp-socket.ts';
import { PacketBatches } from '../../../src/server/udp/packet-batches.ts';
import { loadSocketCalls } from '../../../src/server/udp/socket-calls.ts';

const loopback = '127.0.0.1' as Ipv4Address;
const target = ipv4ToNumber(loopback);
const calls = await loadSocketCalls();
const created = PacketBatches.create(calls);
if (created === undefined) throw new Error(`no layout is known for ${process.arch}`);
const batches = created;

const opened: UdpSocket[] = [];
afterEach(() => {
  for (const { socket } of opened.splice(0)) socket.close();
});

async function open(): Promise<{ fd: number; port: number }> {
  const one = await openUdpSocket({
    address: loopback, port: 0, calls, reuseAddress: false, receiveBufferBytes: 1 << 20,
  }); // prettier-ignore
  opened.push(one);
  return { fd: one.fd!, port: one.socket.address().port };
}

/** Everything that has come, as text. */
function receiveAll(fd: number): string[] {
  const texts: string[] = [];
  while (batches.receive(fd, (bytes) => texts.push(Buffer.from(bytes).toString('latin1'))) > 0);
  return texts;
}

const fail = (errno: number): void => expect.unreachable(`errno ${errno}`);

describe('packets in batches', () => {
  test('arrive whole and in order, from where their two parts lie in memory', async () => {
    const [one, two] = [await open(), await open()];
    const file = Buffer.from(Array.from({ length: 5000 }, (_, at) => 33 + (at % 90)));
    // More than one call sends or receives, of every length up to nothing at all, at odd places.
    const sizes = Array.from({ length: 200 }, (_, at) => (at * 7) % 1000);
    const heads = sizes.map((_, at) => Buffer.from(`${at}:`));
    sizes.forEach((size, at) => {
      batches.add(one.fd, target, two.port, heads[at]!, file.subarray(at, at + size), fail);
    });
    batches.flush();
    expect(receiveAll(two.fd)).toEqual(
      sizes.map((size, at) => `${at}:${file.toString('latin1', at, at + size)}`),
    );
  });

  test('say who sent them', async () => {
    const [one, two] = [await open(), await open()];
    batches.add(one.fd, target, two.port, Buffer.from('x'), new Uint8Array(0), fail);
    batches.flush();
    const sources: [address: number, port: number][] = [];
    batches.receive(two.fd, (_bytes, address, port) => sources.push([address, port]));
    expect(sources).toEqual([[target, one.port]]);
  });

  test('leave from the socket that they were added for', async () => {
    const [one, two, three] = [await open(), await open(), await open()];
    for (const { fd } of [one, two, one]) {
      batches.add(fd, target, three.port, Buffer.from('x'), new Uint8Array(0), fail);
    }
    batches.flush();
    const ports: number[] = [];
    batches.receive(three.fd, (_bytes, _address, port) => ports.push(port));
    expect(ports).toEqual([one.port, two.port, one.port]);
  });

  test('wait for the end of what collects them', async () => {
    const [one, two] = [await open(), await open()];
    batches.collect(() => {
      batches.add(one.fd, target, two.port, Buffer.from('x'), new Uint8Array(0), fail);
      batches.flush();
      expect(receiveAll(two.fd)).toEqual([]);
    });
    expect(receiveAll(two.fd)).toEqual(['x']);
  });

  test('that cannot be sent are told alone, and those around them arrive', async () => {
    const [one, two] = [await open(), await open()];
    const failures: [at: number, errno: number][] = [];
    for (let at = 0; at < 30; at++) {
      // Nothing can be sent to port 0.
      const port = at === 0 || at === 7 || at === 29 ? 0 : two.port;
      const failed = (errno: number): number => failures.push([at, errno]);
      batches.add(one.fd, target, port, Buffer.from(`${at}`), new Uint8Array(0), failed);
    }
    batches.flush();
    expect(failures).toEqual([[0, -22], [7, -22], [29, -22]]); // prettier-ignore
    expect(receiveAll(two.fd)).toHaveLength(27);
  });

  test('that are too long are cut off, and those after them are not', async () => {
    const [one, two] = [await open(), await open()];
    for (const size of [3000, 4]) {
      batches.add(one.fd, target, two.port, Buffer.alloc(size, 'x'), new Uint8Array(0), fail);
    }
    batches.flush();
    expect(receiveAll(two.fd).map((text) => text.length)).toEqual([1024, 4]);
  });
});
