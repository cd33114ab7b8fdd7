import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findProgram } from '../../support/find-program.ts';
import {
  DirectoryContent,
  type DirectorySettings,
} from '../../../src/server/tftp/content/directory-content.ts';
import { HotFiles } from '../../../src/server/tftp/content/hot-files.ts';
import type { TftpContent } from '../../../src/server/tftp/content/tftp-content.ts';
import { fetchFile, rawAck, rawError, rawRequest, type Received, TestPeer } from './test-client.ts';
import { closeTestServers, contentOf, startTestServer, TestClock, type TestServer } from './test-server.ts';

const PROGRAM = randomBytes(10_240);
const files = contentOf({ program: PROGRAM, fence: Buffer.from('fence') });
/** So long that the timer never sends, even on a busy machine. */
const PATIENT = { retransmitMs: 60_000, retransmitMsMax: 60_000 };

let folder: string;
let peers: TestPeer[];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-tftp-'));
  peers = [];
});
afterEach(async () => {
  for (const peer of peers) peer.close();
  await closeTestServers();
  rmSync(folder, { recursive: true });
});

async function openPeer(address?: string): Promise<TestPeer> {
  const peer = await TestPeer.open(address);
  peers.push(peer);
  return peer;
}

/** A short description of a packet: `DATA 1`, `ACK 1`, `ERROR 2`, `OACK`, or `nothing`. */
function word(packet: Received | undefined): string {
  if (packet === undefined) return 'nothing';
  return packet.opcode === 6 ? 'OACK' : `${['', '', '', 'DATA', 'ACK', 'ERROR'][packet.opcode]} ${packet.number}`;
} // prettier-ignore

/** The answer to a packet; `nothing` if the answer to a later valid request comes first. */
async function answerTo(server: TestServer, packet: Uint8Array): Promise<string> {
  const peer = await openPeer();
  const second = await openPeer();
  peer.send(packet, server.port);
  // The kernel delivers both in this order, and the server answers in the order of its work.
  await second.ask(rawRequest('fence'), server.port);
  peer.send(rawRequest('fence'), server.port);
  const first = await peer.next();
  return first?.bytes.subarray(4).toString() === 'fence' ? 'nothing' : word(first);
}

let diskMs = 0;
const directory = (settings: DirectorySettings, hot = new HotFiles()): DirectoryContent =>
  new DirectoryContent(settings, hot, () => diskMs);

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');
const SHORT = ['', '\0', '\0\x01', '\0\x01f', '\0\x02', '\0\x04', '\0\x04\0', '\0\x05\0'].map(bytesOf);

describe('datagrams of 0 to 3 bytes', () => {
  test('to the request port are ignored', async () => {
    const server = await startTestServer(files);
    for (const packet of SHORT)
      expect(await answerTo(server, packet), packet.toString('hex')).toBe('nothing');
    expect(server.counters.get('tftp_ignored', 'short')).toBe(SHORT.length);
  });

  test.each([false, true])(
    'to a transfer are ignored, and it continues; from one port: %s',
    async (singlePort) => {
      const server = await startTestServer(files, { ...PATIENT, singlePort });
      const peer = await openPeer();
      const oack = await peer.ask(rawRequest('program', { tsize: 0 }), server.port);
      for (const packet of SHORT) peer.send(packet, oack!.port);
      expect(word(await peer.ask(rawAck(0), oack!.port))).toBe('DATA 1');
      expect(server.counters.get('tftp_ignored', 'short')).toBe(SHORT.length);
    },
  );
});

describe('a packet from another source to the port of a transfer', () => {
  test('gets an ERROR (unknown transfer ID), and the transfer continues', async () => {
    const server = await startTestServer(files, PATIENT);
    const [peer, stranger] = [await openPeer(), await openPeer()];
    const oack = await peer.ask(rawRequest('program', { tsize: 0 }), server.port);
    expect(word(await stranger.ask(rawAck(0), oack!.port))).toBe('ERROR 5');
    expect(word(await peer.ask(rawAck(0), oack!.port))).toBe('DATA 1');
  });

  test('is ignored if it is too short or an ERROR', async () => {
    const server = await startTestServer(files, PATIENT);
    const [peer, stranger] = [await openPeer(), await openPeer()];
    const oack = await peer.ask(rawRequest('program', { tsize: 0 }), server.port);
    for (const packet of SHORT) stranger.send(packet, oack!.port);
    stranger.send(rawError(0), oack!.port);
    expect(word(await stranger.ask(rawAck(0), oack!.port))).toBe('ERROR 5');
    expect(stranger.received).toBe(1);
  });
});

describe('invalid requests', () => {
  test.each([
    ['opcode 0', '\0\0file\0octet\0', 'nothing'],
    ['opcode 7', '\0\x07file\0octet\0', 'nothing'],
    ['opcode 65535', '\xff\xfffile\0octet\0', 'nothing'],
    ['DATA', '\0\x03\0\x01data', 'nothing'],
    ['ACK', '\0\x04\0\x01', 'nothing'],
    ['ERROR', '\0\x05\0\x01stop\0', 'nothing'],
    ['OACK', '\0\x06tsize\x000\0', 'nothing'],
    ['a request without NUL', '\0\x01filename', 'ERROR 0'],
    ['an empty name', '\0\x01\0octet\0', 'ERROR 0'],
    ['a name of 4 kB', `\0\x01${'n'.repeat(4096)}\0octet\0`, 'ERROR 0'],
    ['no mode', '\0\x01filename\0', 'ERROR 0'],
    ['an unterminated mode', '\0\x01filename\0octet', 'ERROR 0'],
    ['a line feed in the name', '\0\x01a\nb\0octet\0', 'ERROR 0'],
    ['mode netascii, which is never served as octet', '\0\x01program\0netascii\0', 'ERROR 0'],
    ['mode mail', '\0\x01program\0mail\0', 'ERROR 0'],
    ['200 options', `\0\x01program\0octet\0${'a\0b\0'.repeat(200)}`, 'DATA 1'],
  ])('%s', async (_name, packet, expected) => {
    const open = vi.fn((request: Parameters<TftpContent['open']>[0]) => files.open(request));
    const server = await startTestServer({ open }, PATIENT);
    expect(await answerTo(server, bytesOf(packet))).toBe(expected);
    // No transfer and no file for them; the two are of the valid requests.
    const asked = open.mock.calls.filter(([{ path: name }]) => name !== 'fence');
    expect(asked).toHaveLength(expected === 'DATA 1' ? 1 : 0);
  });
});

describe('names that lead out of the folder', () => {
  test.each([
    ['../../etc/passwd', 'ERROR 2'],
    ['..\\..\\x', 'ERROR 2'],
    ['/../etc/passwd', 'ERROR 2'],
    ['boot/../../x', 'ERROR 2'],
    ['C:\\boot.ini', 'ERROR 2'],
    ['/etc/passwd', 'ERROR 1'],
    ['%2e%2e/%2e%2e/etc/passwd', 'ERROR 1'],
    ['out/passwd', 'ERROR 2'],
    ['passwd', 'ERROR 2'],
    ['chain', 'ERROR 2'],
    ['zero', 'ERROR 2'],
    ['pipe', 'ERROR 1'],
    ['pipe-link', 'ERROR 1'],
    ['loop', 'ERROR 1'],
    ['dangling', 'ERROR 1'],
    ['folder', 'ERROR 1'],
    ['folder/', 'ERROR 1'],
    ['good/below', 'ERROR 1'],
    ['.hidden', 'ERROR 1'],
    ['.git/config', 'ERROR 1'],
    ['n'.repeat(300), 'ERROR 1'],
    ['', 'ERROR 0'],
    ['/', 'ERROR 2'],
    ['good', 'DATA 1'],
    ['inside', 'DATA 1'],
  ])('%j: %s', async (name, expected) => {
    const script = `cd "$1"; mkdir root root/folder root/.git; cd root; echo good >good; echo x >.hidden; echo x >.git/config
      ln -s /etc/passwd passwd; ln -s /etc out; ln -s ../outside chain; ln -s /etc/passwd ../outside; ln -s /dev/zero zero
      mkfifo pipe; ln -s pipe pipe-link; ln -s loop loop; ln -s nothing dangling; ln -s good inside`;
    execFileSync('sh', ['-ec', script, 'sh', folder]);
    const server = await startTestServer(directory({ roots: [path.join(folder, 'root')] }));
    const peer = await openPeer();
    expect(word(await peer.ask(rawRequest(name), server.port))).toBe(expected);
  }); // prettier-ignore

  test('a NUL in the name ends it, and the text after it is the mode', async () => {
    const server = await startTestServer(files);
    expect(await answerTo(server, bytesOf('\0\x01program\0/../x\0octet\0'))).toBe('ERROR 0');
  });
});

test.each(['new', '../new', 'program'])('a write of %s is refused, and writes nothing', async (name) => {
  writeFileSync(path.join(folder, 'program'), PROGRAM);
  const server = await startTestServer(directory({ roots: [folder] }));
  const peer = await openPeer();
  const answer = await peer.ask(rawRequest(name, {}, { opcode: 2 }), server.port);
  expect(word(answer)).toBe('ERROR 2');
  peer.send(Buffer.concat([bytesOf('\0\x03\0\x01'), bytesOf('data')]), answer!.port);
  expect((await fetchFile(server.port, 'program')).bytes.equals(PROGRAM)).toBe(true);
  expect(await readdir(folder)).toEqual(['program']);
});

describe('invalid or excessive option values do not end a boot', () => {
  test.each<[Record<string, string>, Record<string, string>]>([
    [{ blksize: '0' }, {}],
    [{ blksize: '7' }, {}],
    [{ blksize: '8' }, { blksize: '8' }],
    [{ blksize: '08' }, { blksize: '8' }],
    [{ blksize: '65464' }, { blksize: '1468' }],
    [{ blksize: '65465' }, { blksize: '1468' }],
    [{ blksize: '-1' }, {}],
    [{ blksize: '1e9' }, {}],
    [{ blksize: 'abc' }, {}],
    [{ windowsize: '0' }, {}],
    [{ windowsize: '65535' }, { windowsize: '64' }],
    [{ windowsize: '70000' }, { windowsize: '64' }],
    [{ timeout: '0' }, {}],
    [{ timeout: '256' }, {}],
    [{ timeout: '3' }, { timeout: '3' }],
    [{ tsize: '-1' }, {}],
    [{ tsize: '1e30' }, {}],
    [{ multicast: '', unknown: 'x' }, {}],
    [{ blksize: 'abc', tsize: '0' }, { tsize: '10240' }],
  ])('%j is granted as %j', async (options, oack) => {
    const { port } = await startTestServer(files);
    const fetched = await fetchFile(port, 'program', options);
    expect(fetched.oack).toEqual(oack);
    expect(fetched.bytes.equals(PROGRAM)).toBe(true);
  });
});

test('option names are case-insensitive, the first of two is used, and the answer is in lower case', async () => {
  const { port } = await startTestServer(files);
  const options = { BLKSIZE: 1024, TSize: 0, blksize: 512, WindowSize: 2 };
  const { bytes, oack } = await fetchFile(port, 'program', options);
  expect(oack).toEqual({ blksize: '1024', tsize: '10240', windowsize: '2' });
  expect(bytes.equals(PROGRAM)).toBe(true);
});

test.each([8, 0])(
  'ERROR %d after an OACK with the size ends the transfer without an answer',
  async (code) => {
    const server = await startTestServer(files);
    const peer = await openPeer();
    const oack = await peer.ask(
      rawRequest('program', { tsize: 0, blksize: 1468, windowsize: 4 }),
      server.port,
    );
    peer.send(rawError(code), oack!.port);
    await vi.waitFor(() => expect(server.server.transfers).toBe(0), { interval: 1 });
    expect(server.counters.get('tftp_transfers', 'declined')).toBe(1);
    expect(server.lines.filter(({ level }) => level >= 30)).toEqual([]);
    expect(server.events.events).toEqual([]);
    expect(peer.received).toBe(1);
  },
);

test.each(['127.0.0.1', '127.0.0.9'])(
  'a correct ACK from another port, of %s, gets an ERROR and changes nothing',
  async (address) => {
    const server = await startTestServer(files, PATIENT);
    const peer = await openPeer();
    const oack = await peer.ask(rawRequest('program', { tsize: 0 }), server.port);
    const first = await peer.ask(rawAck(0), oack!.port);
    const stranger = await openPeer(address);
    expect(word(await stranger.ask(rawAck(1), first!.port))).toBe('ERROR 5');
    // An ERROR is not answered (RFC 1350 section 5), and ends nothing here.
    stranger.send(rawError(0), first!.port);
    expect(word(await peer.ask(rawAck(1), first!.port))).toBe('DATA 2');
    expect(peer.received).toBe(3);
  },
);

describe('repeated, late and future ACKs', () => {
  test.each([
    ['repeated a hundred times', 1, (block: number) => Array.from({ length: 100 }, () => block)],
    ['of all earlier blocks', 1, (block: number) => Array.from({ length: block }, (_, index) => index)],
    ['of blocks that were not sent yet', 1, (block: number) => [block + 2, block + 3, 65_535]],
    ['repeated a hundred times, in windows', 4, (block: number) => Array.from({ length: 100 }, () => block)],
    ['of all earlier blocks, in windows', 4, (block: number) => Array.from({ length: block }, (_, index) => index)],
  ])('ACKs %s cause no needless packet', async (_name, windowsize, others) => {
    // The clock does not advance: all repetitions come within 50 ms.
    const server = await startTestServer(files, PATIENT, { now: () => 0 });
    const peer = await openPeer();
    const oack = await peer.ask(rawRequest('program', { windowsize }), server.port);
    const tid = oack!.port;
    for (const block of others(0)) if (block !== 0) peer.send(rawAck(block), tid);
    for (let block = 0; block < 21; block = Math.min(block + windowsize, 21)) {
      peer.send(rawAck(block), tid);
      for (const other of others(block)) peer.send(rawAck(other), tid);
      for (let sent = block + 1; sent <= Math.min(block + windowsize, 21); sent++) {
        expect(word(await peer.next())).toBe(`DATA ${sent}`);
      }
    }
    peer.send(rawAck(21), tid);
    await vi.waitFor(() => expect(server.counters.get('tftp_transfers', 'complete')).toBe(1));
    expect(peer.received).toBe(1 + 21);
  }); // prettier-ignore
});

test.each([
  ['with options', { windowsize: 64, blksize: 1468 }, 'OACK'],
  ['without', {}, 'DATA 1'],
])('a client that never answers gets one packet four times: %s', async (_name, options, packet) => {
  const clock = new TestClock();
  const server = await startTestServer(files, {}, { now: clock.now });
  const peer = await openPeer();
  expect(word(await peer.ask(rawRequest('program', options), server.port))).toBe(packet);
  for (let again = 0; again < 3; again++) {
    clock.ms += 4000;
    expect(word(await peer.next())).toBe(packet);
  }
  clock.ms += 4000;
  await vi.waitFor(() => expect(server.server.transfers).toBe(0));
  expect(peer.received).toBe(4);
  expect(server.lines).toMatchObject([{ msg: 'tftp request rejected', reason: 'no answer to the first packet' }]);
}); // prettier-ignore

test('a request that is sent ten times from one port starts one transfer', async () => {
  const server = await startTestServer(files, PATIENT, { now: () => 0 });
  const peer = await openPeer();
  for (let times = 0; times < 10; times++) peer.send(rawRequest('program', { tsize: 0 }), server.port);
  const oack = await peer.next();
  await vi.waitFor(() => expect(server.counters.get('tftp_repeated_requests')).toBe(9));
  expect(server.server.transfers).toBe(1);
  expect(word(await peer.ask(rawAck(0), oack!.port))).toBe('DATA 1');
  expect(peer.received).toBe(2);
});

describe('sizes', () => {
  /** Bytes that encode their position, without a disk. */
  const patterned = (size: number): TftpContent => ({
    open: ({ path: name }) => ({
      kind: 'stream',
      name,
      stream: {
        size,
        read: (target, position) => {
          for (let index = 0; index < target.length; index++) target[index] = ((position + index) * 31) >>> 3;
          return Promise.resolve(target.length);
        },
        close: () => Promise.resolve(),
      },
    }),
  });

  test.each([
    ['none', 0, 512, 1],
    ['one', 1, 512, 1],
    ['a block less one', 511, 512, 1],
    ['a block', 512, 512, 2],
    ['ten blocks', 5120, 512, 11],
    // 65535 x 512 + 1 and larger, with small blocks to save time.
    ['65535 blocks and one byte', 65_535 * 8 + 1, 8, 65_536],
    ['65536 blocks, the last one empty', 65_536 * 8, 8, 65_537],
  ])('%s bytes', async (_name, size, blksize, blocks) => {
    const { port } = await startTestServer(patterned(size));
    const { bytes, dataPackets, oack } = await fetchFile(port, 'file', { blksize, windowsize: 64, tsize: 0 });
    expect(oack['tsize']).toBe(String(size));
    expect(bytes).toHaveLength(size);
    expect(bytes.every((octet, index) => octet === (((index * 31) >>> 3) & 255))).toBe(true);
    expect(dataPackets).toBeGreaterThanOrEqual(blocks);
  });

  test('a file of 5 GB with holes says its size, and begins', async () => {
    const file = path.join(folder, 'large');
    writeFileSync(file, 'the beginning');
    truncateSync(file, 5_000_000_000);
    const server = await startTestServer(directory({ roots: [folder] }), PATIENT);
    const peer = await openPeer();
    const oack = await peer.ask(rawRequest('large', { tsize: 0 }), server.port);
    expect(oack!.bytes.toString('latin1', 2)).toBe('tsize\x005000000000\0');
    const first = await peer.ask(rawAck(0), oack!.port);
    expect(first!.bytes.toString('latin1', 4, 17)).toBe('the beginning');
  });
});

describe('a file that changes while it is sent', () => {
  const OLD = randomBytes(600_000);
  /** A file that is not kept in memory is read while it is sent. */
  const streamed = () => new HotFiles({ fileBytesMax: 0, totalBytesMax: 0 });

  /** Reads from block 1 on, and returns the received bytes and the description of the last packet. */
  async function readOn(peer: TestPeer, from: Received): Promise<{ bytes: Buffer; end: string }> {
    const blocks = [from.bytes.subarray(4)];
    for (let packet = from; packet.bytes.length === 1028;) {
      const next = await peer.ask(rawAck(packet.number), from.port);
      if (next?.opcode !== 3) return { bytes: Buffer.concat(blocks), end: word(next) };
      blocks.push(next.bytes.subarray(4));
      packet = next;
    }
    return { bytes: Buffer.concat(blocks), end: 'whole' };
  }

  test.each([
    ['cut short', 'ERROR 0', () => truncateSync(path.join(folder, 'file'), 1000)],
    ['replaced', 'whole', () => {
      writeFileSync(path.join(folder, 'new'), 'new');
      renameSync(path.join(folder, 'new'), path.join(folder, 'file'));
    }],
    ['deleted', 'whole', () => rmSync(path.join(folder, 'file'))],
  ])('%s: %s', async (_name, expected, change) => {
    writeFileSync(path.join(folder, 'file'), OLD);
    const server = await startTestServer(directory({ roots: [folder] }, streamed()), PATIENT);
    const peer = await openPeer();
    const oack = await peer.ask(rawRequest('file', { blksize: 1024 }), server.port);
    const first = await peer.ask(rawAck(0), oack!.port);
    change();
    const { bytes, end } = await readOn(peer, first!);
    expect(end).toBe(expected);
    if (expected === 'whole') expect(bytes.equals(OLD)).toBe(true);
    else {
      // The line is logged when the file is closed.
      const failed = { outcome: 'content-failed', file: 'file' };
      await vi.waitFor(() => expect(server.lines.at(-1)).toMatchObject(failed));
    }
  }); // prettier-ignore

  test('a file in memory is sent unchanged, and the next request gets the new one', async () => {
    writeFileSync(path.join(folder, 'file'), OLD);
    const server = await startTestServer(directory({ roots: [folder] }), PATIENT);
    const peer = await openPeer();
    const oack = await peer.ask(rawRequest('file', { blksize: 1024 }), server.port);
    const first = await peer.ask(rawAck(0), oack!.port);
    writeFileSync(path.join(folder, 'file'), 'new');
    diskMs += 100;
    expect((await fetchFile(server.port, 'file')).bytes.toString()).toBe('new');
    expect((await readOn(peer, first!)).bytes.equals(OLD)).toBe(true);
  });
});

describe('floods', () => {
  test('from one address are answered up to its limit, and others are served', async () => {
    const server = await startTestServer(files, PATIENT, { now: () => 0 });
    const flooder = await openPeer('127.0.0.9');
    for (let times = 0; times < 10_000; times++) flooder.send(rawRequest(`none${times}`), server.port);
    expect((await fetchFile(server.port, 'program')).bytes.equals(PROGRAM)).toBe(true);
    await vi.waitFor(() => expect(server.counters.get('tftp_rejected', 'rate')).toBeGreaterThan(0));
    expect(server.counters.get('tftp_rejected', 'not-found')).toBeLessThanOrEqual(60);
    expect(server.lines.filter(({ client }) => client === '127.0.0.9')).toHaveLength(1);
  });

  test('of transfers from one address end at its limit, and others are served', async () => {
    const server = await startTestServer(files, { ...PATIENT, transfersPerClientMax: 4 }, { now: () => 0 });
    const flooder = await Promise.all(Array.from({ length: 10 }, () => openPeer('127.0.0.9')));
    for (const peer of flooder) peer.send(rawRequest('program'), server.port);
    await vi.waitFor(() => expect(server.counters.get('tftp_rejected', 'client-transfers')).toBe(6));
    expect(server.server.transfers).toBe(4);
    expect((await fetchFile(server.port, 'program')).bytes.equals(PROGRAM)).toBe(true);
  });

  test('from forged addresses fill the server, and are ended for later clients', async () => {
    const clock = new TestClock();
    const server = await startTestServer(files, { ...PATIENT, transfersMax: 8 }, { now: clock.now });
    // One client is present, and has answered.
    const honest = await openPeer();
    const oack = await honest.ask(rawRequest('program', { tsize: 0 }), server.port);
    expect(word(await honest.ask(rawAck(0), oack!.port))).toBe('DATA 1');
    for (let host = 1; host <= 7; host++) {
      const forged = await openPeer(`127.0.1.${host}`);
      expect(word(await forged.ask(rawRequest('program', { tsize: 0 }), server.port))).toBe('OACK');
    }
    // At first they might still answer.
    const early = await openPeer();
    early.send(rawRequest('program'), server.port);
    await vi.waitFor(() => expect(server.counters.get('tftp_rejected', 'overload')).toBe(1));
    expect(server.server.transfers).toBe(8);

    clock.ms += 400;
    for (let times = 0; times < 20; times++) {
      expect((await fetchFile(server.port, 'program')).bytes.equals(PROGRAM)).toBe(true);
    }
    expect(server.counters.get('tftp_rejected', 'overload')).toBe(1);
    expect(server.counters.get('tftp_transfers', 'unconfirmed')).toBeGreaterThan(0);
    expect(word(await honest.ask(rawAck(1), oack!.port))).toBe('DATA 2');
  });
});

describe('clients that answer once and keep their places', () => {
  /** Fills a server of 64 places from 4 addresses; each transfer has its OACK acknowledged. */
  async function fill(clock: TestClock) {
    const server = await startTestServer(
      files,
      { ...PATIENT, transfersMax: 64, requestBurst: 100 },
      { now: clock.now },
    );
    const held = [];
    for (let at = 0; at < 64; at++) {
      const peer = await openPeer(`127.0.2.${1 + (at % 4)}`);
      const oack = await peer.ask(rawRequest('program', { timeout: 255 }), server.port);
      expect(word(await peer.ask(rawAck(0), oack!.port))).toBe('DATA 1');
      held.push({ peer, port: oack!.port });
    }
    expect(server.server.transfers).toBe(64);
    return { held, server };
  }

  test('are ended when they are silent for some seconds, with an ERROR', async () => {
    const clock = new TestClock();
    const { held, server } = await fill(clock);
    const early = await openPeer();
    early.send(rawRequest('program'), server.port);
    await vi.waitFor(() => expect(server.counters.get('tftp_rejected', 'overload')).toBe(1));
    clock.ms += 3_000;
    for (let times = 0; times < 10; times++) {
      expect((await fetchFile(server.port, 'program')).bytes.equals(PROGRAM)).toBe(true);
    }
    expect(server.counters.get('tftp_rejected', 'overload')).toBe(1);
    expect(server.counters.get('tftp_transfers', 'too-slow')).toBe(1);
    expect(word(await held[0]!.peer.next())).toBe('ERROR 0');
  });

  test('are ended when they take a block a second, while a fast one is not', async () => {
    const clock = new TestClock();
    const { held, server } = await fill(clock);
    const [quick, ...slow] = held;
    for (let second = 1; second <= 6; second++) {
      clock.ms += 1_000;
      for (const { peer, port } of slow) expect(word(await peer.ask(rawAck(second), port))).toMatch(/^DATA/);
    }
    for (let block = 1; block < 19; block++) {
      expect(word(await quick!.peer.ask(rawAck(block), quick!.port))).toBe(`DATA ${block + 1}`);
    }
    expect((await fetchFile(server.port, 'program')).bytes.equals(PROGRAM)).toBe(true);
    expect(server.counters.get('tftp_transfers', 'too-slow')).toBe(1);
    expect(word(await quick!.peer.ask(rawAck(19), quick!.port))).toBe('DATA 20');
  });

  test('get the packet again after at most 20 s, whatever timeout they requested', async () => {
    const clock = new TestClock();
    const { held } = await fill(clock);
    clock.ms += 20_000;
    await vi.waitFor(async () => expect(word(await held[0]!.peer.next())).toBe('DATA 1'));
  });
});

// Loss and reordering are tested in test/e2e/tftp-clients.test.ts on a real network, and in
// test/protocol/tftp/transfer.test.ts.

test('in single-port mode, ACKs without a transfer get at most ten ERRORs a second, and other packets no answer', async () => {
  const server = await startTestServer(files, { singlePort: true }, { now: () => 0 });
  const peer = await openPeer();
  for (let times = 0; times < 50; times++) {
    peer.send(rawError(0), server.port);
    peer.send(bytesOf('\0\x03\0\x01x'), server.port);
    peer.send(rawAck(times), server.port);
  }
  for (let times = 0; times < 10; times++) expect(word(await peer.next())).toBe('ERROR 5');
  expect(word(await peer.ask(rawRequest('fence'), server.port))).toBe('DATA 1');
  expect(server.counters.get('tftp_ignored', 'stranger')).toBe(100);
  expect(server.server.transfers).toBe(1);
});

const canForge = process.getuid?.() === 0 && findProgram('python3') !== undefined;
if (!canForge) console.warn('skipping forged packets to TFTP: they need root and python3');

test.skipIf(!canForge)('a packet from port 0, which no answer can reach, is dropped', async () => {
  const server = await startTestServer(files, PATIENT);
  const peer = await openPeer();
  const oack = await peer.ask(rawRequest('program', { tsize: 0 }), server.port);
  const forge = `import socket, struct, sys
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
for port, payload in ((int(sys.argv[1 + i]), bytes.fromhex(sys.argv[2 + i])) for i in range(0, len(sys.argv) - 1, 2)):
    raw.sendto(struct.pack('!HHHH', 0, port, 8 + len(payload), 0) + payload, ('127.0.0.1', 0))`;
  const requests = ['program', 'missing', '..'].flatMap((name) => [String(server.port), rawRequest(name).toString('hex')]);
  execFileSync('python3', ['-c', forge, ...requests, String(oack!.port), rawAck(0).toString('hex')]);
  expect(word(await peer.ask(rawAck(0), oack!.port))).toBe('DATA 1');
  expect((await fetchFile(server.port, 'program')).bytes.equals(PROGRAM)).toBe(true);
  expect(server.counters.get('tftp_ignored', 'port')).toBe(3);
  expect(server.lines.filter(({ level }) => level > 30)).toEqual([]);
}); // prettier-ignore
