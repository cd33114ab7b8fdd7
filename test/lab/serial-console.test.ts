import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { SerialConsole } from '../../src/lab/serial-console.ts';

describe('a serial console', () => {
  test('gives lines without terminal controls, regardless of how they were split', () => {
    const output = new PassThrough();
    const console = new SerialConsole([output]);
    output.write('\x1b[2J\x1b[01;01HiPXE init');
    output.write('ialising\r\n\r\n\x1b[0mnext\n');
    expect(console.tail()).toEqual(['iPXE initialising', 'next']);
  });

  test.each([
    { when: 'printed before', before: 'hostname: a\n', after: '' },
    { when: 'printed later', before: '', after: 'hostname: a\n' },
    { when: 'cut in two', before: 'host', after: 'name: a\n' },
    { when: 'the last, without an end', before: '', after: 'hostname: a' },
  ])('finds a line $when', async ({ before, after }) => {
    const output = new PassThrough();
    const console = new SerialConsole([output]);
    output.write(before);
    const found = console.waitForLine(/hostname: (\S+)/, 5_000);
    output.end(after);
    expect((await found)[1]).toBe('a');
  });

  test('finds the second line that matches, before and after it is printed', async () => {
    const output = new PassThrough();
    const console = new SerialConsole([output]);
    output.write('up: 1\n');
    const later = console.waitForLine(/up: (\S+)/, 5_000, 2);
    output.write('down\nup: 2\nup: 3\n');
    expect((await later)[1]).toBe('2');
    expect((await console.waitForLine(/up: (\S+)/, 5_000, 2))[1]).toBe('2');
  });

  test('reports what was printed instead when the machine is switched off', async () => {
    const output = new PassThrough();
    const console = new SerialConsole([output]);
    output.end('PXE-E16: no offer\n');
    await once(output, 'close');
    await expect(console.waitForLine(/hostname/, 5_000)).rejects.toThrow(/switched off[\s\S]*PXE-E16/);
  });

  test('ends with the incomplete line, without controls', () => {
    const output = new PassThrough();
    const console = new SerialConsole([output, new PassThrough()]);
    output.write('boot.ipxe... ok\n\x1bc\x1b[?7l\x1b[2Jinitrd.img... 4%');
    expect(console.ending()).toEqual(['boot.ipxe... ok', 'initrd.img... 4%']);
  });

  test('drops its oldest lines, and cuts a line that does not end', () => {
    const output = new PassThrough();
    const console = new SerialConsole([output]);
    for (let line = 0; line < 6_000; line += 1) output.write(`${line}\n`);
    output.write('x'.repeat(1_000_000));
    output.write('\n');
    const lines = console.tail();
    expect(lines.length).toBe(5_000);
    expect(lines.at(-1)?.length).toBeLessThanOrEqual(4_096);
  });
});
