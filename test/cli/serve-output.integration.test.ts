import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PROGRAM } from '../support/program.ts';

let folder: string;
let shell: ChildProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-serve-'));
});
afterEach(() => {
  // The shell leads its own process group, with everything that it started.
  if (shell?.pid !== undefined) {
    try {
      process.kill(-shell.pid, 'SIGKILL');
    } catch {
      // It has ended, as expected.
    }
  }
  rmSync(folder, { recursive: true });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Resolves with the process id of the server once it answers. */
async function answering(port: number, pid: Promise<number>): Promise<number> {
  for (;;) {
    const ok = await fetch(`http://127.0.0.1:${port}/healthz`).then(
      (response) => response.ok,
      () => false,
    );
    if (ok) return pid;
    await new Promise((next) => setTimeout(next, 50));
  }
}

// The shell prints the server's process id first: `exec` keeps it.
describe.each([
  ['a pipe whose reader leaves after one line', 'serve | head -n 1 >/dev/null'],
  ['a pipe that is not read', 'serve | sleep 60'],
  ['a full disk', 'serve >/dev/full'],
])('with %s as standard output', (_what, line) => {
  test('the server continues to answer, and SIGTERM ends it', async () => {
    const port = await freePort();
    writeFileSync(
      path.join(folder, 'railhead.yaml'),
      `http: {listen: ["127.0.0.1:${port}"]}\noperator: {listen: null}\n`,
    );
    const serve = `serve() { exec sh -c 'echo $$ >&2; exec "$0" "$1" serve' "$NODE" "$PROGRAM"; }`;
    shell = spawn('sh', ['-c', `${serve}; ${line}`], {
      cwd: folder,
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, NODE: process.execPath, PROGRAM },
    });
    const pid = once(shell.stderr!, 'data').then(([bytes]) => Number(String(bytes)));
    const server = await answering(port, pid);

    // 16 at a time, since one client is limited; each causes a log line, in total more than a pipe holds.
    let answered = 0;
    for (let batch = 0; batch < 50; batch++) {
      const answers = await Promise.all(
        Array.from({ length: 16 }, () => fetch(`http://127.0.0.1:${port}/ipxe?mac=52:54:00:a1:9c:ae`)),
      );
      await Promise.all(answers.map((answer) => answer.text()));
      answered += answers.length;
    }
    expect(answered).toBe(800);

    process.kill(server, 'SIGTERM');
    // The kernel is asked whether it has ended, since the shell may wait for the rest of its pipe.
    const isRunning = (): boolean => {
      try {
        return process.kill(server, 0);
      } catch {
        return false;
      }
    };
    while (isRunning()) await new Promise((next) => setTimeout(next, 20));
    expect(isRunning()).toBe(false);
  });
});
