import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PROGRAM } from '../support/program.ts';

const SETTINGS = [
  'catalog: {dir: .}',
  'http: {listen: ["127.0.0.1:0"]}',
  'operator: {listen: null}',
  'tftp: {enabled: false}',
  'store: {file: data/railhead.db}',
  'served_networks: [127.0.0.0/8]',
].join('\n');

let folder: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-'));
  const write = (name: string, text: string): void => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  };
  write('railhead.yaml', SETTINGS);
  write('profiles/p.yaml', 'id: p\nboot: {kernel: /k}\nignition: p.ign\n');
  write('profiles/p.ign', '{"ignition":{"version":"3.4.0"}}');
  write('groups/g.yaml', 'id: g\nprofile: p\nselector: {rack: "1"}\n');
  write('machines/m.yaml', 'id: node1\nmac: 52:54:00:00:00:01\nlabels: {rack: "1"}\n');
  write('machines/n.yaml', 'id: node2\nuuid: 16e7d8a7-bfa9-428b-9117-363341bb330b\nlabels: {rack: "1"}\n');
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** Starts the server, and returns it with the origin of its boot plane. */
async function serve(): Promise<{ child: ChildProcess; origin: string }> {
  const child = spawn(process.execPath, [PROGRAM, 'serve'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  for await (const line of createInterface({ input: child.stdout })) {
    const entry = JSON.parse(line) as { msg: string; http?: string[] };
    if (entry.msg === 'railhead is ready') return { child, origin: `http://${entry.http?.[0]}` };
  }
  throw new Error('the server ended');
}

function machines(...words: readonly string[]): { out: string; error: string; code: number | null } {
  const { status, stderr, stdout } = spawnSync(process.execPath, [PROGRAM, 'machines', ...words], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { out: stdout, error: stderr, code: status };
}

test('machines are held, approved and retired, and stay so after the process was killed', async () => {
  const { child, origin } = await serve();
  const ask = (place: string, base = origin): Promise<Response> => fetch(`${base}/${place}`);
  expect(machines('list').out).toMatch(/^node1 +ready +52:54:00:00:00:01 +- +g +-$/m);
  // Declared by its UUID alone, it is selected by the labels of its record all the same.
  expect(machines('list').out).toMatch(/^node2 +ready +- +- +g +-$/m);

  expect(machines('hold', 'node1', '--reason', 'bad fan')).toMatchObject({
    out: 'node1: ready (held)\n',
    code: 0,
  });
  expect(await (await ask('ipxe?mac=52:54:00:00:00:01')).text()).toContain(
    'echo machine node1 is held: bad fan.',
  );
  const held = await ask('ignition?mac=52:54:00:00:00:01');
  expect([held.status, held.headers.get('retry-after'), await held.text()]).toEqual([
    503,
    '15',
    'machine node1 is held: bad fan\n',
  ]);

  // An unknown machine asks, and boots as soon as it is approved with the label that the group selects by.
  expect(await (await ask('ipxe?mac=52:54:00:00:00:99')).text()).toContain('knows no group');
  await expect.poll(() => machines('show', '52:54:00:00:00:99').out).toMatch(/^state +discovered/m);
  expect(machines('approve', '52-54-00-00-00-99', '--group', 'storage').error).toBe(
    '52-54-00-00-00-99: there is no group storage; possible now: approve, reject, hold, release, lock, unlock, retire, delete\n',
  );
  expect(machines('approve', '52-54-00-00-00-99', '--group', 'g', '--label', 'rack=2').error).toContain(
    'for group g, its label rack must be 1',
  );
  expect(machines('approve', '52-54-00-00-00-99', '--group', 'g').out).toBe('52-54-00-00-00-99: ready\n');
  expect(await (await ask('ipxe?mac=52:54:00:00:00:99')).text()).toContain('kernel /k');
  expect(machines('retire', '52:54:00:00:00:99').out).toBe('52-54-00-00-00-99: retired\n');

  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(machines('list')).toMatchObject({
    out: '',
    code: 1,
    error: expect.stringContaining('the server is not running') as string,
  });
  const again = await serve();
  expect((await ask('ignition?mac=52:54:00:00:00:01', again.origin)).status).toBe(503);
  expect((await ask('ignition?mac=52:54:00:00:00:99', again.origin)).status).toBe(403);
  expect(machines('release', 'node1').out).toBe('node1: ready\n');
  expect((await ask('ignition?mac=52:54:00:00:00:01', again.origin)).status).toBe(200);
  expect(machines('delete', '52:54:00:00:00:99').out).toBe('52:54:00:00:00:99: deleted\n');
  expect(machines('delete', 'node1')).toMatchObject({
    code: 1,
    error:
      'node1: a file declares it; remove it there; possible now: adopt, hold, release, lock, unlock, retire\n',
  });
});

test('a machine whose profile installs is armed once, and disarmed', async () => {
  writeFileSync(path.join(folder, 'profiles/p.yaml'), 'id: p\nlifecycle: install\nboot: {kernel: /k}\n');
  await serve();
  const armed = machines('arm', 'node1', '--ttl', '2h', '--attempts', '2', '--reason', 'new disk');
  expect(armed).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^node1: armed for install, until \S+, 2 attempts left\n$/) as string,
  });
  // The same again, as after a lost answer: the same arm with the same end.
  expect(machines('arm', 'node1', '--ttl', '2h', '--attempts', '2', '--reason', 'new disk').out).toBe(
    armed.out,
  );
  expect(machines('show', 'node1').out).toMatch(
    /^arm +until \S+, 2 attempts left, by socket:\w+: new disk$/m,
  );
  expect(machines('rescue', 'node1')).toMatchObject({
    code: 1,
    error: expect.stringMatching(/^node1: profile p has nothing to boot for rescue: /) as string,
  });
  expect(machines('disarm', 'node1').out).toBe('node1: ready\n');
  expect(machines('arm', 'node1', '--ttl', 'soon')).toMatchObject({
    code: 2,
    error: expect.stringContaining('Write it as 30m, 12h or 2d.') as string,
  });
  expect(machines('adopt', 'node1').out).toBe('node1: installed\n');
  expect(machines('arm', 'node1').error).toContain(
    'node1: it is installed: `reinstall` installs it again, and everything on its disk is lost; possible now: ',
  );
  expect(machines('reinstall', 'node1', '--confirm', 'node2').code).toBe(1);
  expect(machines('reinstall', 'node1', '--confirm', 'node1').out).toMatch(
    /^node1: armed for install, until /,
  );
});

test('an armed machine installs, reports, and boots from its disk; what it told is shown', async () => {
  const profile = 'id: p\nlifecycle: install\nboot: {kernel: /k}\nignition: p.ign\n';
  writeFileSync(path.join(folder, 'profiles/p.yaml'), profile);
  const { origin } = await serve();
  const ask = async (place: string, init?: RequestInit): Promise<string> =>
    (await fetch(`${origin}/${place}mac=52:54:00:00:00:01`, init)).text();
  expect(await ask('ipxe?')).not.toContain('kernel /k');
  machines('arm', 'node1');
  expect(await ask('ipxe?')).toContain('kernel /k');
  await ask('ignition?');
  expect(machines('show', 'node1').out).toMatch(/^state +installing since /m);
  const facts = JSON.stringify({ facts: { memory_bytes: 2 ** 33, disks: [{ name: 'vda', serial: 'S1' }] } });
  expect(await ask('report?phase=facts&', { method: 'POST', body: facts })).toBe('noted\n');
  const report = 'report?status=installed&phase=rebooting&release=4593.2.1&disk=/dev/vda&';
  expect(await ask(report, { method: 'POST', body: 'done' })).toBe('noted\n');
  expect(await ask('ipxe?')).not.toContain('kernel /k');
  const { out } = machines('show', 'node1');
  expect(out).toMatch(/^state +installed since /m);
  expect(out).toMatch(/^installed +\S+, 4593\.2\.1, \/dev\/vda$/m);
  expect(out).toMatch(/^hardware +8 GiB of memory; reported at /m);
  expect(out).toMatch(/^disk +vda, serial S1$/m);
  expect(out).toMatch(/^report +\S+ installed rebooting: done$/m);
});
