import { afterEach, describe, expect, test } from 'vitest';
import { type Ipv4Address, ipv4ToNumber } from '../../../src/protocol/ipv4-address.ts';
import { openUdpSocket, type UdpSocket } from '../../../src/server/udp/open-udp-socket.ts';
import { PacketBatches, type PacketDestination } from '../../../src/server/udp/packet-batches.ts';
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

/** All received packets, as text. */
function receiveAll(fd: number): string[] {
  const texts: string[] = [];
  while (batches.receive(fd, (bytes) => texts.push(Buffer.from(bytes).toString('latin1'))) > 0);
  return texts;
}

const fail = (errno: number): void => expect.unreachable(`errno ${errno}`);

/** Adds a packet of this many bytes of a text, at least four. */
function add(fd: number, port: number, text: string, failed: PacketDestination['failed'] = fail): void {
  const bytes = Buffer.from(text, 'latin1');
  batches.add({ fd, address: target, port, failed }, bytes.readUInt32BE(0), bytes, 4, bytes.length);
}

describe('packets in batches', () => {
  test('arrive whole and in order, from their places in memory', async () => {
    const [one, two] = [await open(), await open()];
    const file = Buffer.from(Array.from({ length: 5000 }, (_, at) => 33 + (at % 90)));
    // More than one call sends or receives, of every length down to zero, at odd addresses.
    const sizes = Array.from({ length: 200 }, (_, at) => (at * 7) % 1000);
    const to = { fd: one.fd, address: target, port: two.port, failed: fail };
    sizes.forEach((size, at) => batches.add(to, 0xfeff_0000 + at, file, at, at + size));
    batches.flush();
    const heads = sizes.map((_, at) => `\xfe\xff\0${String.fromCharCode(at)}`);
    expect(receiveAll(two.fd)).toEqual(
      sizes.map((size, at) => heads[at]! + file.toString('latin1', at, at + size)),
    );
  });

  test('can contain an empty file, and one so short that V8 would move it', async () => {
    const [one, two] = [await open(), await open()];
    const to = { fd: one.fd, address: target, port: two.port, failed: fail };
    batches.add(to, 0x61_62_63_64, new Uint8Array(0), 0, 0);
    batches.add(to, 0x65_66_67_68, Uint8Array.of(0x69, 0x6a), 0, 2);
    batches.add(to, 0x6b_6c_6d_6e, Buffer.from('xopx').subarray(1, 3), 0, 2);
    batches.flush();
    expect(receiveAll(two.fd)).toEqual(['abcd', 'efghij', 'klmnop']);
  });

  test('have their sender', async () => {
    const [one, two] = [await open(), await open()];
    add(one.fd, two.port, 'some');
    batches.flush();
    const sources: [address: number, port: number][] = [];
    batches.receive(two.fd, (_bytes, address, port) => sources.push([address, port]));
    expect(sources).toEqual([[target, one.port]]);
  });

  test('are sent from the socket for which they were added', async () => {
    const [one, two, three] = [await open(), await open(), await open()];
    for (const { fd } of [one, two, one]) add(fd, three.port, 'some');
    batches.flush();
    const ports: number[] = [];
    batches.receive(three.fd, (_bytes, _address, port) => ports.push(port));
    expect(ports).toEqual([one.port, two.port, one.port]);
  });

  test('wait until collecting ends', async () => {
    const [one, two] = [await open(), await open()];
    batches.collect(() => {
      add(one.fd, two.port, 'some');
      batches.flush();
      expect(receiveAll(two.fd)).toEqual([]);
    });
    expect(receiveAll(two.fd)).toEqual(['some']);
  });

  test('that cannot be sent are reported individually, and the others arrive', async () => {
    const [one, two] = [await open(), await open()];
    const failures: [at: number, errno: number][] = [];
    for (let at = 0; at < 30; at++) {
      // No packet can be sent to port 0.
      const port = at === 0 || at === 7 || at === 29 ? 0 : two.port;
      add(one.fd, port, 'some', (errno) => failures.push([at, errno]));
    }
    batches.flush();
    expect(failures).toEqual([[0, -22], [7, -22], [29, -22]]); // prettier-ignore
    expect(receiveAll(two.fd)).toHaveLength(27);
  });

  test('that are too long are truncated, and those after them are not', async () => {
    const [one, two] = [await open(), await open()];
    for (const size of [3000, 4]) add(one.fd, two.port, 'x'.repeat(size));
    batches.flush();
    expect(receiveAll(two.fd).map((text) => text.length)).toEqual([1024, 4]);
  });
});
