import { hostname } from 'node:os';
import path from 'node:path';

/** The process that has exclusive use of a store. */
export interface StoreOwner {
  /** Within its own PID namespace. */
  readonly pid: number;
  /** Program and subcommand; further arguments may contain secrets. */
  readonly command: string;
  readonly host: string;
  /** When it opened the store. */
  readonly since: Date;
}

/** This process. */
export function thisProcess(since: Date): StoreOwner {
  const [, script = '', subcommand = ''] = process.argv;
  const command = `${path.basename(script, '.js')} ${subcommand.replace(/^-.*/, '')}`.trim();
  return { pid: process.pid, command: command === '' ? 'node' : command, host: hostname(), since };
}

/** `process 1234 (railhead serve) on host1, since 2026-11-25T14:00:00.000Z`. */
export function describeOwner({ command, host, pid, since }: StoreOwner): string {
  return `process ${pid} (${command}) on ${host}, since ${since.toISOString()}`;
}
