import { closeSync, openSync, writeSync } from 'node:fs';
import { expect } from 'vitest';

/** Whether tests can mount a small disk, which needs root. Otherwise this is printed. */
export const canMount = process.getuid?.() === 0;
if (!canMount) console.warn('not root: no disk can be mounted, and the tests of a full disk are left out');

/** Fills the file until its disk has less than a page of free space. */
export function fillDisk(file: string): void {
  const descriptor = openSync(file, 'w');
  try {
    for (const size of [65_536, 4_096]) fillBy(descriptor, Buffer.alloc(size));
  } finally {
    closeSync(descriptor);
  }
}

function fillBy(descriptor: number, block: Buffer): void {
  try {
    for (;;) writeSync(descriptor, block);
  } catch (error) {
    expect(error).toHaveProperty('code', 'ENOSPC');
  }
}
