import { type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { canMakeNamespaces, NetworkLab } from '../../src/lab/network-lab.ts';
import { findProgram } from '../support/find-program.ts';
import { RailheadProcess } from '../../src/lab/railhead-process.ts';

// Clients of other projects, on their own cable:
//
//   client e0 ────────────── s0 server
//   client b0 ── bad cable ── s1 server      2 % of the packets lost and 3 % overtaken, both ways

const PROGRAMS = ['curl', 'atftp', 'tftp', 'busybox', 'tcpdump', 'tshark'];
const missing = PROGRAMS.filter((name) => findProgram(name) === undefined);
const runnable = canMakeNamespaces && missing.length === 0;
if (!runnable) {
  console.warn(
    `skipping clients of TFTP: ${missing.length > 0 ? `not installed: ${missing.join(' ')}` : 'not root'}`,
  );
}

const GOOD = '10.77.0.1';
/** The same cable, without capturing its packets. */
const QUIET = '10.77.0.9';
const BAD = '10.78.0.1';
/** By name; two bytes more than whole blocks, whole blocks, nothing, and larger than 65535 blocks of 512. */
const FILES: Readonly<Record<string, Buffer>> = {
  program: randomBytes(300_002),
  whole: randomBytes(1468 * 40),
  even: randomBytes(512 * 64),
  empty: Buffer.alloc(0),
  small: randomBytes(100),
  large: randomBytes(34_000_001),
};

let lab: NetworkLab;
let folder: string;
let railhead: RailheadProcess;
let capture: ChildProcess;
let client: string;
let server: string;

beforeAll(async () => {
  if (!runnable) return;
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-tftp-'));
  mkdirSync(path.join(folder, 'tftp'));
  mkdirSync(path.join(folder, 'got'));
  for (const [name, bytes] of Object.entries(FILES)) writeFileSync(path.join(folder, 'tftp', name), bytes);
  lab = new NetworkLab('rht');
  server = lab.addNamespace('srv');
  client = lab.addNamespace('cli');
  lab.connect(server, 's0', client, 'e0');
  const nowhere = lab.addNamespace('cable');
  const cable = lab.start(nowhere, process.execPath, [
    '--import', 'tsx', path.join(import.meta.dirname, 'bad-cable.ts'), '20', '30', '7',
  ]); // prettier-ignore
  await once(cable.stdout, 'data');
  for (const [device, namespace] of [
    ['s1', server],
    ['b0', client],
  ] as const) {
    lab.ip('-n', nowhere, 'link', 'set', device, 'netns', namespace);
    lab.ip('-n', namespace, 'link', 'set', device, 'up');
  }
  for (const [namespace, device, address] of [
    [server, 's0', `${GOOD}/24`],
    [server, 's0', `${QUIET}/24`],
    [client, 'e0', '10.77.0.2/24'],
    [server, 's1', `${BAD}/24`],
    [client, 'b0', '10.78.0.2/24'],
  ] as const) {
    lab.ip('-n', namespace, 'addr', 'add', address, 'dev', device);
  }
  railhead = await RailheadProcess.start(lab, {
    namespace: server,
    folder,
    settings: { tftp: { enabled: true, roots: [path.join(folder, 'tftp')], requests_per_client: 1000 } },
  });
  const file = path.join(folder, 'session.pcap');
  capture = lab.start(server, 'tcpdump', [
    '--immediate-mode',
    '-U',
    '-i',
    's0',
    '-w',
    file,
    `udp and not host ${QUIET}`,
  ]);
  await once(capture.stderr!, 'data');
});

afterAll(async () => {
  if (!runnable) return;
  await railhead?.stop();
  await lab.remove();
  rmSync(folder, { recursive: true });
});

let got: string;
let count = 0;
beforeEach(() => {
  if (runnable) got = path.join(folder, 'got', String(count++));
});

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const wanted = (name: string): string => digest(FILES[name]!);

/** Runs a client that writes to `got`, and returns the digest of the file, or the client's output if it failed. */
async function fetched(command: string, args: readonly string[], timeoutMs = 60_000): Promise<string> {
  const { code, text } = await lab.run(client, command, args, timeoutMs);
  return code === 0 ? digest(readFileSync(got)) : `${command}: ${code} ${text}`;
}

const names = ['program', 'whole', 'even', 'empty', 'small'];

describe.skipIf(!runnable)('curl', () => {
  // curl 7.88 fails at the end of an empty file: it asks its unconnected socket for the peer.
  test.each(names.filter((name) => name !== 'empty'))('gets %s', async (name) => {
    expect(await fetched('curl', ['-sS', '-o', got, `tftp://${GOOD}/${name}`])).toBe(wanted(name));
  });

  test.each([
    ['with large blocks', ['--tftp-blksize', '1468']],
    ['with a block size that is lowered', ['--tftp-blksize', '8192']],
    ['with the smallest blocks', ['--tftp-blksize', '8']],
    ['without options', ['--tftp-no-options']],
  ])('gets a file %s', async (_name, options) => {
    const args = ['-sS', ...options, '-o', got, `tftp://${GOOD}/program`];
    expect(await fetched('curl', args)).toBe(wanted('program'));
  });

  test('gets 34 MB at 512 bytes per block, past block 65535', async () => {
    expect(await fetched('curl', ['-sS', '-o', got, `tftp://${QUIET}/large`])).toBe(wanted('large'));
  });

  test('gets the first script of iPXE', async () => {
    const { stdout } = await lab.run(client, 'curl', ['-sS', `tftp://${GOOD}/autoexec.ipxe`]);
    expect(stdout).toMatch(/^#!ipxe\n/);
  });

  test.each([
    ['nothing', 68],
    ['../railhead.yaml', 69],
  ])('is refused %s', async (name, exit) => {
    const { code } = await lab.run(client, 'curl', ['-sS', '--path-as-is', `tftp://${GOOD}/${name}`]);
    expect(code).toBe(exit);
  });
});

describe.skipIf(!runnable)('atftp', () => {
  test.each(
    names.flatMap((name) =>
      [[], ['windowsize 8'], ['blksize 1428'], ['blksize 1428', 'windowsize 8', 'tsize']].map(
        (options) => [name, options] as const,
      ),
    ),
  )('gets %s with %j', async (name, options) => {
    const words = options.flatMap((option) => ['--option', option]);
    expect(await fetched('atftp', [...words, '-g', '-r', name, '-l', got, GOOD])).toBe(wanted(name));
  });
});

describe.skipIf(!runnable)('tftp-hpa', () => {
  test.each(names)('gets %s', async (name) => {
    expect(await fetched('tftp', ['-m', 'binary', GOOD, '-c', 'get', name, got])).toBe(wanted(name));
  });

  test('gets an ERROR for netascii, which is not served', async () => {
    const { text } = await lab.run(client, 'tftp', ['-m', 'ascii', GOOD, '-c', 'get', 'small', got]);
    expect(text).toContain('only mode octet');
  });
});

describe.skipIf(!runnable)('busybox', () => {
  test.each(names.flatMap((name) => [[name, '512'] as const, [name, '1468'] as const]))(
    'gets %s with blocks of %s',
    async (name, blksize) => {
      const args = ['tftp', '-g', '-b', blksize, '-r', name, '-l', got, GOOD];
      expect(await fetched('busybox', args)).toBe(wanted(name));
    },
  );
});

/** Arguments of Node.js for getting a file with the npm package `tftp`. */
const npmClient = (host: string, name: string, windowsize: number): string[] => [
  '--import', 'tsx', path.join(import.meta.dirname, 'npm-tftp-client.ts'), host, name, got, String(windowsize),
]; // prettier-ignore

describe.skipIf(!runnable)('the npm package tftp', () => {
  test.each([1, 4, 64])('gets a file with windows of %d', async (windowsize) => {
    expect(await fetched(process.execPath, npmClient(GOOD, 'program', windowsize))).toBe(wanted('program'));
  });
});

describe.skipIf(!runnable)(
  'through a cable that loses 2 % and reorders 3 % of the packets, in both directions',
  () => {
    const clients: Readonly<Record<string, (name: string, windowsize: number) => string[]>> = {
      atftp: (name, windowsize) => [
        'atftp', '--option', 'timeout 1', '--option', 'blksize 1428', '--option', `windowsize ${windowsize}`,
        '-g', '-r', name, '-l', got, BAD,
      ], // prettier-ignore
      npm: (name, windowsize) => [process.execPath, ...npmClient(BAD, name, windowsize)],
      curl: (name) => ['curl', '-sS', '--tftp-blksize', '1468', '-o', got, `tftp://${BAD}/${name}`],
      'tftp-hpa': (name) => ['tftp', '-m', 'binary', BAD, '-c', 'get', name, got],
      busybox: (name) => ['busybox', 'tftp', '-g', '-b', '1468', '-r', name, '-l', got, BAD],
    };
    // No windows for npm: when it requests the rest of a window, it does not move the window's end (reader.js of tftp
    // 0.1.2, _restransmitterStartFn), and then ignores every further block.
    test.each([
      ['atftp', 'whole', 1],
      ['atftp', 'program', 4],
      ['atftp', 'program', 64],
      ['npm', 'program', 1],
      ['curl', 'whole', 1],
      ['tftp-hpa', 'even', 1],
      ['busybox', 'whole', 1],
    ])('%s gets %s with windows of %d', async (tool, name, windowsize) => {
      const [command = '', ...args] = clients[tool]?.(name, windowsize) ?? [];
      let outcome = await fetched(command, args, 200_000);
      // atftp gives up when its answer to the OACK is lost and the OACK is repeated; its user has to try again.
      for (let tries = 1; tries < 3 && outcome.includes('unexpected OACK'); tries++) {
        outcome = await fetched(command, args, 200_000);
      }
      expect(outcome).toBe(wanted(name));
    });
  },
);

describe.skipIf(!runnable)('the whole session', () => {
  test('is dissected by tshark without a malformed field', async () => {
    capture.kill('SIGTERM');
    await once(capture, 'exit');
    const file = path.join(folder, 'session.pcap');
    const found = async (filter: string): Promise<string[]> => {
      const { code, stdout, text } = await lab.run(server, 'tshark', ['-r', file, '-Y', filter], 120_000);
      expect(code, text).toBe(0);
      return stdout.split('\n').filter((line) => line !== '');
    };
    // DATA, OACK and ERROR of the server.
    for (const opcode of [3, 6, 5]) {
      expect(await found(`tftp.opcode == ${opcode} && ip.src == ${GOOD}`)).not.toEqual([]);
    }
    expect(await found('tftp && ip.src == 10.77.0.1 && _ws.malformed')).toEqual([]);
  }); // prettier-ignore

  test('is in the log, one line per transfer, without an error', () => {
    const lines = railhead.log.filter((line) => line.includes('"tftp transfer"'));
    expect(lines.length).toBeGreaterThan(40);
    expect(railhead.log.filter((line) => /"level":"(?:error|fatal)"|not handled/.test(line))).toEqual([]);
  });
});
