import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Rack } from '../../src/lab/rack.ts';

const PROGRAM = path.resolve(import.meta.dirname, '../../bin/railhead.js');

/**
 * Runs `railhead machines` on the host of the rack's server, and resolves with what it prints; rejects if it refuses.
 */
export async function runMachines({ catalog }: Rack, ...words: readonly string[]): Promise<string> {
  const socket = path.join(catalog, 'control.sock');
  const { stdout } = await promisify(execFile)(process.execPath, [
    PROGRAM, 'machines', ...words, '--socket', socket,
  ]); // prettier-ignore
  return stdout;
}
