import { spawn } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { waitingGrubConfig } from '../../src/provision/rendering/grub-config.ts';
import { leadingGrubConfig } from '../../src/provision/rendering/leading-grub-config.ts';
import { findProgram } from '../support/find-program.ts';

// A real GRUB, as a program of this host, reads the configuration for machines without a group again and again.

const runnable = ['grub-emu', 'script'].every((name) => findProgram(name) !== undefined);
if (!runnable) console.warn('skipping GRUB that waits: needs grub-emu and script');

/** GRUB ends after some thirty configurations inside one another. */
const POLLS = 500;
const SAID = 'Railhead knows no group for this machine';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-grub-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Puts a configuration in the place of the one that GRUB reads next. The pauses are all that is left out. */
function write(name: string, config: string): void {
  const fresh = path.join(folder, 'fresh');
  writeFileSync(fresh, config.replace(/sleep \d+/g, 'sleep 0'));
  renameSync(fresh, path.join(folder, name));
}

/** Runs GRUB until it ends, and returns what it showed; `onOutput` is told how often the machine has asked. */
async function runGrub(onPoll: (polls: number) => void): Promise<string> {
  // It draws on a terminal, which `script` gives it.
  const child = spawn('script', ['-qfc', `grub-emu -d ${folder}`, '/dev/null'], {
    env: { ...process.env, TERM: 'dumb' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (part: Buffer) => {
    output += part.toString('latin1');
    onPoll(output.split(SAID).length - 1);
    // GRUB's own prompt: it has given up.
    if (output.includes('grub> ')) child.kill();
  });
  await new Promise((ended) => child.once('close', ended));
  return output;
}

test.skipIf(!runnable).each([
  ['by a file of its own', 'grub.cfg'],
  ['by the script that leads to /grub', 'led.cfg'],
])('%s: it asks hundreds of times, and boots once there is a group', async (_, name) => {
  // GRUB as a program of this host has no network.
  const led = leadingGrubConfig('http://10.0.0.2:8080').replace(
    /configfile ".*"/,
    'configfile "$prefix/led.cfg"',
  );
  write('grub.cfg', led);
  write(name, waitingGrubConfig(['Railhead knows no group for this machine.'], 15));
  let polled = 0;
  const output = await runGrub((polls) => {
    if (polls > POLLS && polled <= POLLS) write(name, 'echo "now it boots"\nhalt\n');
    polled = polls;
  });
  expect(polled).toBeGreaterThan(POLLS);
  expect(output).toContain('now it boots');
});
