import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { canMakeNamespaces, NetworkLab } from '../../src/lab/network-lab.ts';
import { canMount, fillDisk } from '../support/full-disk.ts';
import { DhcpProcess, type LogLine } from './dhcp-process.ts';

// What operators see of a server whose disk fills up: /readyz, POST /report, the log, and both forms of doctor.

const PROGRAM = path.resolve(import.meta.dirname, '../../bin/railhead.js');
const MAC = '52:54:00:00:00:0a';

let lab: NetworkLab;
let host: string;
let folder: string;
let disk: string;
let server: DhcpProcess;
beforeEach(async () => {
  if (!canMount || !canMakeNamespaces) return;
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-full-'));
  disk = path.join(folder, 'disk');
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]);
  lab = new NetworkLab('rhj');
  host = lab.addNamespace('s');
  lab.ip('-n', host, 'link', 'set', 'lo', 'up');
  server = await start();
});
afterEach(async () => {
  if (!canMount || !canMakeNamespaces) return;
  await server.kill();
  await lab.remove();
  execFileSync('umount', ['--lazy', disk]);
  rmSync(folder, { recursive: true });
});

function start(): Promise<DhcpProcess> {
  return DhcpProcess.start(host, { store: path.join(disk, 'railhead.db'), logLevel: 'info', subnets: [] });
}

/** The status and the body of an answer of the boot plane. */
async function ask(request: string, ...options: string[]): Promise<string> {
  const words = ['-s', '-w', '\n%{http_code}', ...options, `http://127.0.0.1:8080${request}`];
  const { stdout } = await lab.run(host, 'curl', words);
  const lines = stdout.trimEnd().split('\n');
  return [lines.pop(), ...lines].join(' ').trim();
}

async function doctor(): Promise<string> {
  const words = [PROGRAM, 'doctor', '--no-probe', '--config', path.join(disk, 'railhead.yaml')];
  return (await lab.run(host, process.execPath, words)).stdout;
}

/** The first thing that `doctor --watch` makes of a machine's events. */
async function watch(): Promise<string> {
  const watcher = lab.start(host, process.execPath, [
    PROGRAM, 'doctor', '--watch', MAC, '--config', path.join(disk, 'railhead.yaml'),
  ]); // prettier-ignore
  for await (const line of createInterface(watcher.stdout)) {
    if (!/^(stuck|done|refused): /.test(line)) continue;
    watcher.kill('SIGTERM');
    return line;
  }
  throw new Error('doctor --watch ended and has said nothing');
}

const errors = (): LogLine[] => server.lines.filter(({ level }) => level === 'error');

test.runIf(canMount && canMakeNamespaces)(
  'a full disk is named wherever an operator looks, in one line of the log, until there is room again',
  async () => {
    const report = ['--data-binary', 'x'.repeat(20_000)];
    expect(await ask(`/report?mac=${MAC}`, ...report)).toBe('200 noted');
    expect(await ask('/readyz')).toBe('200 ready');

    fillDisk(path.join(disk, 'filler'));
    expect(await ask(`/report?mac=${MAC}`, ...report)).toMatch(/^503 /);
    const sentence = `the disk of the store ${disk}/railhead.db is full: make room in ${disk}`;
    expect(await ask('/readyz')).toContain(`503 ${sentence}`);
    // Events of requests are small, and machines that nobody knows are changes of several statements.
    for (let index = 10; index < 60; index++) await ask(`/ipxe?mac=52:54:00:00:01:${index}`);
    expect(await ask(`/report?mac=${MAC}`, ...report)).toMatch(/^503 /);
    expect(await ask('/readyz')).toContain(`503 ${sentence}`);
    expect(await doctor()).toMatch(/^PROBLEM {2}the disk of the database, \S+, is full: nothing is stored/m);
    expect(await doctor()).toContain(`PROBLEM  HTTP at 127.0.0.1:8080 answers and is not ready: ${sentence}`);
    expect(await watch()).toContain(sentence);
    expect(errors().map(({ failure, msg }) => [failure, String(msg).includes(sentence)])).toEqual([
      ['full', true],
    ]);
    expect(JSON.stringify(server.lines)).not.toMatch(/"stack"|rollback/);

    // Whoever starts it again by night finds it running, and told what is wrong.
    await server.kill();
    expect(await watch()).toContain(sentence);
    server = await start();
    await server.line({ level: 'error', failure: 'full' });
    expect(await ask('/readyz')).toContain(`503 ${sentence}`);

    rmSync(path.join(disk, 'filler'));
    await server.line({ level: 'info', msg: 'the store works again' });
    expect(await ask('/readyz')).toBe('200 ready');
    expect(await ask(`/report?mac=${MAC}`, ...report)).toBe('200 noted');
    expect(errors()).toHaveLength(1);
    expect(JSON.stringify(server.lines)).not.toMatch(/"stack"|rollback/);
  },
);
