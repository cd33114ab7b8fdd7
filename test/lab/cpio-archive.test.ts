import { describe, expect, test } from 'vitest';
import { type CpioEntry, packCpio } from '../../src/lab/cpio-archive.ts';

const entries: CpioEntry[] = [
  { kind: 'directory', path: 'dev' },
  { kind: 'character-device', path: 'dev/console', major: 5, minor: 1 },
  { kind: 'file', path: 'init', content: Buffer.from('#!/bin/sh\n'), mode: 0o755 },
  { kind: 'link', path: 'sh', target: 'bin/busybox' },
  { kind: 'file', path: 'empty', content: Buffer.alloc(0) },
];

/** A header has a magic number of six characters, then fields of eight hexadecimal digits. */
function unpack(archive: Buffer): { name: string; mode: string; device: string; content: string }[] {
  const found = [];
  for (let at = 0; ;) {
    expect(archive.toString('latin1', at, at + 6)).toBe('070701');
    expect(at % 4).toBe(0);
    const field = (index: number): number =>
      Number.parseInt(archive.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
    const nameSize = field(11);
    const name = archive.toString('latin1', at + 110, at + 110 + nameSize - 1);
    const start = Math.ceil((at + 110 + nameSize) / 4) * 4;
    const content = archive.toString('latin1', start, start + field(6));
    if (name === 'TRAILER!!!') return found;
    found.push({ name, mode: field(1).toString(8), device: `${field(9)}:${field(10)}`, content });
    at = Math.ceil((start + field(6)) / 4) * 4;
  }
}

describe('a cpio archive', () => {
  test('holds every kind of entry as the kernel unpacks it', () => {
    expect(unpack(packCpio(entries))).toEqual([
      { name: 'dev', mode: '40755', device: '0:0', content: '' },
      { name: 'dev/console', mode: '20600', device: '5:1', content: '' },
      { name: 'init', mode: '100755', device: '0:0', content: '#!/bin/sh\n' },
      { name: 'sh', mode: '120777', device: '0:0', content: 'bin/busybox' },
      { name: 'empty', mode: '100644', device: '0:0', content: '' },
    ]);
  });

  test('ends with the trailer even when it is empty', () => {
    expect(packCpio([]).toString('latin1')).toContain('TRAILER!!!');
  });
});
