import { execFileSync } from 'node:child_process';

/** The program's path, or undefined if it is not installed. */
export function findProgram(name: string): string | undefined {
  try {
    return execFileSync('which', [name], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}
