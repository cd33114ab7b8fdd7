import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { requireRackParts } from './boot-steps.ts';

// `railhead lab` as a user runs and ends it.

const PROGRAM = path.resolve(import.meta.dirname, '../../bin/railhead.js');
const GONE_TIMEOUT_MS = 20_000;

beforeAll(requireRackParts);

describe('railhead lab', () => {
  test('ends with the console of a machine that failed, and leaves nothing behind', async () => {
    const lab = startLab('--machines', '1', '--firmware', 'bios', '--timeout', '1');
    expect(await lab.ended).toEqual([1, null]);
    const output = lab.lines.join('\n');
    expect(output).toMatch(/node1 .* failed: timed out after 1 s\n\nThe console of node1 ends:\n {2}\| \S/);
    expect(output).toMatch(/0 of 1 machine .* The rack is gone\.$/);
    expect(leftovers(lab.pid)).toEqual([]);
  });

  test.each<{ signal: NodeJS.Signals; end: [number | null, string | null] }>([
    { signal: 'SIGINT', end: [1, null] },
    { signal: 'SIGTERM', end: [1, null] },
    { signal: 'SIGHUP', end: [1, null] },
  ])('cleans up on $signal', async ({ signal, end }) => {
    const lab = startLab('--machines', '2');
    await lab.poweredOn;
    expect(leftovers(lab.pid)).not.toEqual([]);
    process.kill(lab.pid, signal);
    expect(await lab.ended).toEqual(end);
    expect(lab.lines.at(-1)).toBe('Interrupted. The rack is gone.');
    expect(leftovers(lab.pid)).toEqual([]);
  });

  test('leaves nothing behind when it is killed', async () => {
    const lab = startLab('--machines', '2');
    await lab.poweredOn;
    expect(leftovers(lab.pid)).not.toEqual([]);
    process.kill(lab.pid, 'SIGKILL');
    expect(await lab.ended).toEqual([null, 'SIGKILL']);
    for (const deadline = Date.now() + GONE_TIMEOUT_MS; Date.now() < deadline;) {
      if (leftovers(lab.pid).length === 0) break;
      await new Promise((again) => setTimeout(again, 100));
    }
    expect(leftovers(lab.pid)).toEqual([]);
  });

  test('says what to do when it is not root', () => {
    // It can read this checkout, wherever it is, and has no other rights.
    const nobody = spawn('setpriv', [
      '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=+dac_override', '--ambient-caps=+dac_override',
      process.execPath, PROGRAM, 'lab',
    ]); // prettier-ignore
    return expect(endOf(nobody)).resolves.toMatch(/^railhead lab: this needs root to create .*sudo/);
  });
});

interface RunningLab {
  readonly pid: number;
  readonly lines: readonly string[];
  /** Resolves when the first machine is switched on. */
  readonly poweredOn: Promise<void>;
  /** The exit status and the signal. */
  readonly ended: Promise<unknown[]>;
}

function startLab(...options: readonly string[]): RunningLab {
  const child: ChildProcessByStdio<null, Readable, null> = spawn(
    process.execPath,
    [PROGRAM, 'lab', ...options],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines: string[] = [];
  const poweredOn = new Promise<void>((resolve) => {
    createInterface(child.stdout).on('line', (line) => {
      lines.push(line);
      if (line.includes('power on')) resolve();
    });
  });
  return { pid: child.pid!, lines, poweredOn, ended: once(child, 'close') };
}

/** Namespaces, folders and running processes of a lab that was started as `pid`. */
function leftovers(pid: number): string[] {
  const namespaces = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }).split('\n');
  const folders = readdirSync(tmpdir()).filter((name) => name.startsWith(`railhead-lab-${pid}-`));
  const programs = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => commandOf(name).includes(`railhead-lab-${pid}-`))
    // The janitor itself ends last.
    .filter((name) => !commandOf(name).includes('janitor'));
  return [...namespaces.filter((name) => name.startsWith(`rhlab${pid}-`)), ...folders, ...programs];
}

/** The arguments of a process; none if it has ended. */
function commandOf(pid: string): string {
  const file = `/proc/${pid}/cmdline`;
  try {
    return existsSync(file) ? readFileSync(file, 'latin1') : '';
  } catch {
    return '';
  }
}

async function endOf(child: ReturnType<typeof spawn>): Promise<string> {
  let text = '';
  child.stderr?.on('data', (part: Buffer) => (text += part.toString()));
  await once(child, 'close');
  return text;
}
