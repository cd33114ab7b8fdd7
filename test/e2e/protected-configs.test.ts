import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { canMakeNamespaces, NetworkLab } from '../../src/lab/network-lab.ts';
import { RailheadProcess } from '../../src/lab/railhead-process.ts';
import { findProgram } from '../support/find-program.ts';

// Two hosts on the server's network:
//
//   machine 10.77.0.50 ─┐
//                       ├─ server 10.77.0.1
//   thief   10.77.0.66 ─┘
//
// The thief knows all that can be known: the machine's names, and every URL that the machine was given.

const missing = ['curl'].filter((name) => findProgram(name) === undefined);
const runnable = canMakeNamespaces && missing.length === 0;
if (!runnable) console.warn(`skipping protected configs: needs root; not installed: ${missing.join(' ')}`);

const IGNITION = '/usr/lib/dracut/modules.d/30ignition/ignition';
if (runnable && !existsSync(IGNITION))
  console.warn('skipping the merge by Ignition: ignition is not installed');

const PROGRAM = path.resolve(import.meta.dirname, '../../bin/railhead.js');
const SERVER = 'http://10.77.0.1:8080';
const MACHINE = '10.77.0.50';
const MAC = '52:54:00:77:00:50';
const UUID = '5a1c7f8e-0000-4000-8000-000000770050';
const SECRETS = ['secret-of-the-record', 'secret-of-the-template'];
const GRACE_SECONDS = 3;
/** In each of four phases. */
const TRIES = 300;

const FILES = {
  'profiles/secret.yaml':
    'id: secret\nboot: {kernel: /k, args: ["u={{ignition_url}}"]}\nignition: secret.bu\ngeneric: {part: part.txt}\nprotect: session\n',
  'profiles/secret.bu':
    'variant: flatcar\nversion: 1.1.0\nstorage:\n  files:\n    - {path: /p, contents: {inline: "{{password}}"}}\n    - {path: /generic, contents: {inline: "{{generic_url}}&name=part"}}\n    - {path: /metadata, contents: {inline: "{{metadata_url}}"}}\n    - {path: /report, contents: {inline: "{{report_url}}"}}\n',
  'profiles/part.txt': 'secret-of-the-template\n',
  'groups/secret.yaml':
    'id: secret\nprofile: secret\nselector: {role: secret}\n---\nid: open\nprofile: open\nselector: {open: "yes"}\n---\nid: split\nprofile: split\nselector: {role: split}\n---\nid: rest\nprofile: open\n',
  'profiles/open.yaml': 'id: open\nboot: {kernel: /k}\n',
  // The secrets are in a part of their own, which the config merges, as docs/security.md shows it.
  'profiles/split.yaml':
    'id: split\nboot: {kernel: /k, args: ["u={{ignition_url}}"]}\nignition: split.bu\ngeneric: {secrets: secrets.ign}\nprotect: session\n',
  'profiles/split.bu':
    'variant: flatcar\nversion: 1.0.0\nignition: {config: {merge: [{source: "{{generic_url}}&name=secrets"}]}}\nstorage: {files: [{path: /etc/motd, overwrite: true, contents: {inline: base}}]}\n',
  'profiles/secrets.ign': `{"ignition": {"version": "3.3.0"}, "storage": {"files": [
  {"path": "/etc/join-token", "mode": 384, "contents": {"source": "data:;base64,{{base64 password}}"}}]}}`,
  'machines/node1.yaml': `id: node1\nmac: "${MAC}"\nuuid: ${UUID}\nlabels: {role: secret}\nmetadata: {password: secret-of-the-record}\n`,
};

let lab: NetworkLab;
let folder: string;
let names: Record<'server' | 'machine' | 'thief', string>;
let railhead: RailheadProcess;

beforeEach(async () => {
  if (!runnable) return;
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-protected-'));
  for (const [file, text] of Object.entries(FILES)) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(path.join(folder, file), text);
  }
  lab = new NetworkLab('rhp');
  names = {
    server: lab.addNamespace('s'),
    machine: lab.addNamespace('m'),
    thief: lab.addNamespace('t'),
  };
  lab.addBridge(names.server, 'lan0', '10.77.0.1/24');
  addHost('machine', MACHINE, MAC);
  addHost('thief', '10.77.0.66', '52:54:00:77:00:66');
  railhead = await RailheadProcess.start(lab, {
    namespace: names.server,
    folder,
    settings: {
      http: { listen: ['10.77.0.1:8080'] },
      tftp: { enabled: false },
      lifecycle: { token_grace_seconds: GRACE_SECONDS },
      log: { level: 'debug' },
    },
  });
});

afterEach(async () => {
  if (!runnable) return;
  await railhead.stop();
  await lab.remove();
  rmSync(folder, { recursive: true });
});

function addHost(host: 'machine' | 'thief', address: string, mac: string): void {
  lab.connect(names.server, `to-${host}`, names[host], 'eth0');
  lab.plug(names.server, 'lan0', `to-${host}`);
  lab.ip('-n', names[host], 'link', 'set', 'eth0', 'address', mac);
  lab.ip('-n', names[host], 'address', 'add', `${address}/24`, 'dev', 'eth0');
}

/** What a host gets for a URL: the status, and all that it is sent. */
async function get(host: 'machine' | 'thief', url: string): Promise<{ status: number; text: string }> {
  const { stdout } = await lab.run(names[host], 'curl', ['-sS', '-i', '-g', url]);
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(stdout)?.[1]), text: stdout };
}

/** Lets the thief ask again and again in every way, and returns what it was sent, together. */
async function steal(stolen: readonly string[]): Promise<string> {
  const named = [`mac=${MAC}`, `uuid=${UUID}`, `mac=52:54:00:77:00:66&uuid=${UUID}`, `mac=${MAC}&open=yes`];
  const paths = [
    '/ignition?',
    '/ignition?os=installed&',
    '/generic?name=part&',
    '/metadata?',
    '/ipxe?',
    '/grub?',
  ];
  const queries = [...named, ...stolen.map((url) => url.slice(url.indexOf('?') + 1))];
  const urls = [...stolen, ...queries.flatMap((query) => paths.map((one) => `${SERVER}${one}${query}`))];
  const file = path.join(folder, 'tries');
  const tries = Array.from({ length: TRIES }, (_, index) => `url = "${urls[index % urls.length] ?? ''}"`);
  await writeFile(file, `${tries.join('\n')}\n`);
  const forged = `X-Forwarded-For: ${MACHINE}`;
  const { stdout } = await lab.run(names.thief, 'curl', ['-sS', '-i', '-g', '-H', forged, '-K', file]);
  expect(stdout.match(/^HTTP\/1\.1 /gm)).toHaveLength(TRIES);
  return stdout;
}

async function machines(...words: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    PROGRAM, 'machines', ...words, '--socket', path.join(folder, 'control.sock'),
  ]); // prettier-ignore
  return stdout;
}

/** The text of a file in an Ignition config. */
function fileIn(config: string, name: string): string {
  const [, text = ''] =
    new RegExp(`"path":"/${name}","contents":\\{[^}]*"source":"data:,([^"]*)"`).exec(config) ?? [];
  expect(text, config).not.toBe('');
  return decodeURIComponent(text);
}

const tokenOf = (url: string): string => new URL(url).searchParams.get('token') ?? '';

test.skipIf(!runnable)(
  'a machine gets its secrets once; another host gets none of them, and no token is kept anywhere',
  { timeout: 120_000 },
  async () => {
    const loot = [await steal([])];
    await machines('arm', 'node1');
    loot.push(await steal([]));

    const [, url = ''] = /u=(\S+)/.exec((await get('machine', `${SERVER}/ipxe?mac=${MAC}`)).text) ?? [];
    expect(url).toMatch(/&token=[\w-]{43}$/);
    loot.push(await steal([url]));
    const first = await get('machine', url);
    expect(first.text).toContain('secret-of-the-record');
    const [generic = '', metadata = '', report = ''] = ['generic', 'metadata', 'report'].map((name) =>
      fileIn(first.text, name),
    );
    expect((await get('machine', generic)).text).toContain('secret-of-the-template');
    expect((await get('machine', metadata)).text).toContain('secret-of-the-record');
    loot.push(await steal([url, generic, metadata, report]));
    expect((await get('machine', url)).status).toBe(200);
    await expect
      .poll(async () => (await get('machine', url)).status, {
        timeout: 4 * GRACE_SECONDS * 1_000,
        interval: 500,
      })
      .toBe(403);

    for (const text of loot) for (const secret of [...SECRETS, 'token=']) expect(text).not.toContain(secret);

    await railhead.waitForEvent('of the second use', ({ detail }) => detail['alarm'] === 'used', 5_000);
    const events = await railhead.eventsAfter(0);
    const alarms = events.filter(({ kind }) => kind === 'access.refused');
    expect(new Set(alarms.map(({ detail }) => detail['alarm']))).toEqual(new Set(['foreign_sender', 'used']));
    // They tell of the thief, and a thief that asks on and on does not fill the history.
    expect(alarms[0]?.detail).toMatchObject({ card: '52:54:00:77:00:66' });
    expect(alarms.length).toBeLessThan(TRIES);

    const tokens = [url, generic, report].map(tokenOf);
    expect(new Set(tokens).size).toBe(2);
    const shown = [
      await machines('show', 'node1', '--json'),
      await machines('list', '--json'),
      JSON.stringify(events),
      JSON.stringify(await railhead.get('/api/v1/machines')),
      JSON.stringify(await railhead.get('/api/v1/sessions')),
      ...railhead.log,
    ].join('\n');
    await railhead.stop();
    const kept = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== 'tries')
      .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), 'latin1'))
      .join('\n');
    for (const token of tokens) {
      expect(shown).not.toContain(token);
      expect(kept).not.toContain(token);
    }
    for (const secret of SECRETS)
      expect(`${JSON.stringify(events)}${railhead.log.join('\n')}`).not.toContain(secret);
  },
);

test.skipIf(!runnable || !existsSync(IGNITION))(
  'the real Ignition merges secrets that are in a part of their own, and nobody gets that part again',
  { timeout: 120_000 },
  async () => {
    await writeFile(
      path.join(folder, 'machines/node1.yaml'),
      `id: node1\nmac: "${MAC}"\nlabels: {role: split}\nmetadata: {password: secret-of-the-record}\n`,
    );
    railhead.reload();
    const profile = async () => (await railhead.get<{ profile?: string }>('/api/v1/machines/node1')).profile;
    await expect.poll(profile, { timeout: 10_000, interval: 100 }).toBe('split');
    await machines('arm', 'node1');
    const [, url = ''] = /u=(\S+)/.exec((await get('machine', `${SERVER}/ipxe?mac=${MAC}`)).text) ?? [];
    const { cache, code, text } = await ignite('machine', url);
    expect(code, text).toBe(0);
    const config = readFileSync(cache, 'utf8');
    expect(config).toContain(Buffer.from('secret-of-the-record').toString('base64'));
    expect(config).toContain('/etc/motd');

    const [, part = ''] = /GET (http\S+name=secrets)/.exec(text) ?? [];
    expect(part).not.toBe('');
    for (const stolen of [url, part]) {
      expect((await get('thief', stolen)).text).not.toContain('secret-of-the-record');
      await expect
        .poll(async () => (await get('machine', stolen)).status, {
          timeout: 4 * GRACE_SECONDS * 1_000,
          interval: 500,
        })
        .toBe(403);
    }
    const again = await ignite('machine', url);
    expect(again.code).not.toBe(0);
  },
);

/** Runs the first stage of Ignition, which fetches the config at a URL and all that it merges. */
async function ignite(
  host: 'machine' | 'thief',
  url: string,
): Promise<{ code: number; text: string; cache: string }> {
  const stub = path.join(folder, 'stub.ign');
  const cache = path.join(folder, 'ignition-cache.json');
  rmSync(cache, { force: true });
  await writeFile(
    stub,
    JSON.stringify({ ignition: { version: '3.3.0', config: { replace: { source: url } } } }),
  );
  // prettier-ignore
  const { code, text } = await lab.run(names[host], 'env', [
    `IGNITION_CONFIG_FILE=${stub}`, 'timeout', '20', IGNITION, '-platform', 'file', '-stage', 'fetch', '-log-to-stdout',
    '-root', path.join(folder, 'root'), '-config-cache', cache, '-state-file', path.join(folder, 'ignition-state'),
  ]);
  return { code, text, cache };
}
