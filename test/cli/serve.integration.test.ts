import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PROGRAM } from '../support/program.ts';

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-serve-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

type LogLine = Record<string, unknown> & { readonly msg: string };

function start(settings: string, ...flags: string[]): ChildProcess {
  writeFileSync(path.join(folder, 'railhead.yaml'), settings);
  // From another folder: all files are found relative to the settings.
  const child = spawn(
    process.execPath,
    [PROGRAM, 'serve', '--config', path.join(folder, 'railhead.yaml'), ...flags],
    { cwd: tmpdir(), stdio: ['ignore', 'pipe', 'pipe'] },
  );
  children.push(child);
  return child;
}

/** The log lines from now on; `until` reads up to the first one with this message. */
function logOf(child: ChildProcess): { until(msg: string): Promise<LogLine[]> } {
  const lines = createInterface(child.stdout!)[Symbol.asyncIterator]();
  return {
    async until(msg) {
      const seen: LogLine[] = [];
      for (;;) {
        const next = await lines.next();
        if (next.done === true) throw new Error(`no line ${msg}, but ${JSON.stringify(seen)}`);
        seen.push(JSON.parse(next.value) as LogLine);
        if (seen.at(-1)!.msg === msg) return seen;
      }
    },
  };
}

async function endOf(child: ChildProcess): Promise<{ code: number | null; text: string }> {
  let text = '';
  child.stderr!.on('data', (bytes: Buffer) => (text += bytes.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, text: text.replaceAll(folder, 'F') };
}

describe('SIGHUP', () => {
  test('reads the catalog and the token again, and does not end the server', async () => {
    const token = path.join(folder, 'token');
    writeFileSync(token, 'the-first-token-of-all\n');
    for (const name of ['profiles', 'groups']) mkdirSync(path.join(folder, name));
    const child = start(
      'http: {listen: ["127.0.0.1:0"]}\noperator: {listen: "127.0.0.1:0", token_file: token}\ncatalog: {watch: false}\n',
    );
    const log = logOf(child);
    const ready = (await log.until('railhead is ready')).at(-1)!;
    const ask = async (bearer: string): Promise<number> => {
      const headers = { authorization: `Bearer ${bearer}` };
      const response = await fetch(`http://${ready['operator'] as string}/api/v1/catalog`, { headers });
      await response.body?.cancel();
      return response.status;
    };
    expect(await ask('the-first-token-of-all')).toBe(200);

    writeFileSync(token, 'the-second-token-of-all\n');
    writeFileSync(path.join(folder, 'profiles/worker.yaml'), 'id: worker\n');
    child.kill('SIGHUP');
    const reloaded = await log.until('reloaded');
    expect(reloaded.find(({ msg }) => msg === 'catalog loaded')).toMatchObject({ profiles: 1 });
    expect(await ask('the-first-token-of-all')).toBe(401);
    expect(await ask('the-second-token-of-all')).toBe(200);

    rmSync(token);
    child.kill('SIGHUP');
    const again = await log.until('reloaded');
    expect(again.map(({ msg }) => msg)).toContain('this part could not be reloaded and continues unchanged');
    expect(await ask('the-second-token-of-all')).toBe(200);

    const end = endOf(child);
    child.kill('SIGTERM');
    expect(await end).toEqual({ code: 0, text: '' });
  });

  test("reopens the log's file", async () => {
    const file = path.join(folder, 'railhead.log');
    const child = start(
      'http: {listen: ["127.0.0.1:0"]}\noperator: {listen: null}\nlog: {file: railhead.log}\n',
    );
    const has = async (name: string, text: string): Promise<void> => {
      const read = (): string => {
        try {
          return readFileSync(name, 'utf8');
        } catch {
          return '';
        }
      };
      while (!read().includes(text)) await new Promise((next) => setTimeout(next, 20));
    };
    await has(file, 'railhead is ready');
    renameSync(file, `${file}.1`);
    child.kill('SIGHUP');
    await has(file, '"reloaded"');
    const end = endOf(child);
    child.kill('SIGTERM');
    expect((await end).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toContain('"stopped"');
    expect(readFileSync(`${file}.1`, 'utf8')).not.toContain('"stopped"');
  });
});

test.each([
  [
    'a missing folder',
    'catalog: {dir: catalgo}\n',
    { code: 1, text: 'railhead: catalog.dir: there is no folder F/catalgo\n' },
  ],
  [
    'a missing token file',
    'http: {listen: ["127.0.0.1:0"]}\noperator: {listen: "127.0.0.1:0", token_file: token}\n',
    {
      code: 1,
      text: "railhead: operator.token_file: F/token cannot be read: ENOENT: no such file or directory, open 'F/token'\n",
    },
  ],
  [
    'a log file in a missing folder',
    'log: {file: logs/railhead.log}\n',
    {
      code: 1,
      text: "railhead: log.file: cannot be written: ENOENT: no such file or directory, open 'F/logs/railhead.log'\n",
    },
  ],
])('%s ends the start with the name of the setting', async (_what, settings, expected) => {
  const child = start(settings);
  child.stdout!.resume();
  expect(await endOf(child)).toEqual(expected);
});

test('without an interface in dhcp.interfaces no UDP port is opened, whatever networks there are', async () => {
  mkdirSync(path.join(folder, 'profiles'));
  const child = start(
    [
      'http: {listen: ["127.0.0.1:0"]}',
      'operator: {listen: "127.0.0.1:0"}',
      'networks:',
      '  - {id: rack1, cidr: 127.0.0.0/8, mode: full, pools: ["127.9.0.1-127.9.0.9"]}',
      '  - {id: rack2, cidr: 10.99.0.0/24, mode: proxy}',
      '',
    ].join('\n'),
  );
  const log = await logOf(child).until('railhead is ready');
  expect(log.map(({ msg }) => msg)).toContain(
    'DHCP is off: to serve it, list network interfaces in dhcp.interfaces',
  );
  expect(socketsOf(child.pid!, 'tcp').length).toBeGreaterThan(0);
  expect(socketsOf(child.pid!, 'udp')).toEqual([]);
});

/** Local addresses of the IPv4 sockets that a process has open, as the kernel lists them. */
function socketsOf(pid: number, protocol: 'tcp' | 'udp'): string[] {
  const files = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  const rows = readFileSync(`/proc/${pid}/net/${protocol}`, 'utf8').trim().split('\n').slice(1);
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter((columns) => files.includes(`socket:[${columns[9]}]`))
    .map((columns) => columns[1]!);
}
