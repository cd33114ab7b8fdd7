import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { compileButane, SERVER_SAFETY } from '../../src/butane/compile.ts';
import type { CompileResult } from '../../src/butane/compile.ts';
import { encodeContents } from '../../src/butane/encode-contents.ts';
import { decodeDataUrl } from '../../src/ignition/data-url.ts';
import { readButaneCases } from './corpus.ts';
import { inputOf } from '../ignition/corpus.ts';

/** Maximum time for any document, in milliseconds per kilobyte; documents count as at least one kilobyte. */
const maxMsPerKilobyte = 100;

/** Compiles with and without the server's options; nothing may be thrown, and the time is limited. */
function compileQuickly(input: Uint8Array | string): CompileResult {
  const kilobytes = Math.max(1, input.length / 1000);
  const before = process.cpuUsage();
  const result = compileButane(input);
  compileButane(input, { safety: SERVER_SAFETY });
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000 / 2 / kilobytes).toBeLessThan(maxMsPerKilobyte);
  if (result.kind === 'invalid') expect(result.error).not.toBe('');
  else expect(() => JSON.parse(result.json) as unknown).not.toThrow();
  return result;
}

const inputs = readButaneCases().map(inputOf);
const anyInput = fc.nat({ max: inputs.length - 1 }).map((index) => inputs[index] ?? Buffer.alloc(0));

const head = 'variant: flatcar\nversion: 1.1.0\n';

describe('any input', () => {
  test('bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void compileQuickly(bytes)),
      {
        numRuns: 300,
      },
    );
  });

  test("characters of YAML's syntax", () => {
    const part = fc.constantFrom(
      ...[
        '- ',
        '? ',
        ': ',
        '\n',
        '  ',
        '\t',
        '[',
        ']',
        '{',
        '}',
        ',',
        '#',
        '&a ',
        '*a',
        '!!str ',
        '!',
        '|\n',
        '>-\n',
      ],
      ...[
        '"',
        "'",
        '\\',
        '%YAML 1.1\n',
        '---\n',
        '...\n',
        '<<: ',
        '~',
        '0o7',
        'storage',
        'files',
        '\u2028',
        '\u{1f600}',
      ],
    );
    const text = fc.array(part, { maxLength: 60 }).map((parts) => head + parts.join(''));
    fc.assert(
      fc.property(text, (input) => void compileQuickly(input)),
      { numRuns: 800 },
    );
  });

  test('damaged recorded inputs', () => {
    const damage = fc.record({
      input: anyInput,
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      remove: fc.nat({ max: 40 }),
      insert: fc.uint8Array({ maxLength: 6 }),
      copyFrom: fc.double({ min: 0, max: 1, noNaN: true }),
      copy: fc.nat({ max: 80 }),
    });
    fc.assert(
      fc.property(damage, ({ input, at, remove, insert, copyFrom, copy }) => {
        const offset = Math.floor(at * input.length);
        const source = Math.floor(copyFrom * input.length);
        compileQuickly(
          Buffer.concat([
            input.subarray(0, offset),
            insert,
            input.subarray(source, source + copy),
            input.subarray(offset + remove),
          ]),
        );
      }),
      { numRuns: 800 },
    );
  });

  test('every beginning of a recorded input', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const step = Math.max(1, Math.floor(input.length / 40));
        for (let length = 0; length < input.length; length += step) compileQuickly(input.subarray(0, length));
      }),
      { numRuns: 25 },
    );
  });
});

/** Ten levels of ten aliases each. */
function aliasBomb(first: string): string {
  const lines = [`a0: &a0 ${first}`];
  for (let level = 1; level <= 10; level++) {
    lines.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}]`);
  }
  return lines.join('\n');
}

describe('hostile documents', () => {
  test.each([
    ['sequences in flow', `x: ${'['.repeat(50_000)}`, 'exceeded max depth of 10000'],
    ['mappings in flow', `x: ${'{a: '.repeat(50_000)}`, 'exceeded max depth of 10000'],
    ['closed sequences in flow', `x: ${'['.repeat(9000)}${']'.repeat(9000)}`, undefined],
    ['sequences in blocks', `x:\n${'- '.repeat(20_000)}a`, 'exceeded max depth of 10000'],
    [
      'mappings in blocks',
      `x:\n${Array.from({ length: 1200 }, (_, level) => `${' '.repeat(level + 1)}a:\n`).join('')}`,
      undefined,
    ],
    ['question marks', `${'? '.repeat(20_000)}a`, 'exceeded max depth of 10000'],
    [
      'merge keys within merge keys',
      `${'<<: {'.repeat(5000)}${'}'.repeat(5000)}`,
      'merge keys are nested deeper than 500',
    ],
    ['an unused alias bomb', aliasBomb('[x, y]'), undefined],
    [
      'an alias bomb',
      `r: &r {source: 'data:,'}\nf: &f {path: /a, append: [${'*r, '.repeat(1000)}]}\nstorage: {files: [${'*f, '.repeat(1000)}]}`,
      'excessive aliasing',
    ],
    [
      'aliases to a long scalar',
      `x: &x ${'x'.repeat(20_000)}\nstorage:\n  files:\n${Array.from({ length: 1000 }, (_, index) => `    - {path: /${index}, contents: {inline: *x}}\n`).join('')}`,
      'excessive aliasing',
    ],
    ['an alias to a value that contains it', 'passwd: &p {<<: *p}', "anchor 'p' value contains itself"],
  ])('%s', (_name, body, problem) => {
    const result = compileQuickly(`${head}${body}\n`);
    if (problem === undefined) expect(result.entries.length).toBeGreaterThan(0);
    else expect(result).toMatchObject({ kind: 'invalid', error: expect.stringContaining(problem) as string });
  });

  const inFile = (scalar: string) => `${head}storage: {files: [{path: /a, contents: {inline: ${scalar}}}]}\n`;
  const size = 200_000;

  test.each([
    ['a plain scalar', inFile('a'.repeat(size))],
    ['a plain scalar on many lines', inFile('a\n '.repeat(size / 4))],
    ['a quoted scalar', inFile(`"${'\\u0041 '.repeat(size / 8)}"`)],
    ['a quoted scalar on many lines', inFile(`'${'a\n\n'.repeat(size / 4)}'`)],
    ['characters outside the basic plane', inFile(`"${'\u{1f600}'.repeat(size / 4)}"`)],
    [
      'a block scalar',
      `${head}storage:\n  files:\n    - path: /a\n      contents:\n        inline: |\n${`          line\n`.repeat(size / 15)}`,
    ],
    ['a binary scalar', inFile(`!!binary "${'QUJD'.repeat(size / 4)}"`)],
  ])('%s of 200 kB compiles', (_name, input) => {
    expect(compileQuickly(input).kind).toBe('config');
  });

  test.each([
    ['digits for a number', `${head}storage: {files: [{path: /a, mode: ${'7'.repeat(size)}}]}`],
    ['underscores for a number', `${head}storage: {files: [{path: /a, mode: 0${'_'.repeat(size)}x}]}`],
    ['a tag', `${head}a: !${'x'.repeat(size)} b`],
    ['an anchor', `${head}a: &${'x'.repeat(size)} b`],
    ['a key', `${head}${'x'.repeat(size)}: b`],
    ['a comment', `${head}# ${'x'.repeat(size)}`],
    ['blank lines', `${head}a:${'\n'.repeat(size)}b`],
    ['commas', `${head}a: [${','.repeat(size)}]`],
    ['the same key', `${head}${'a: 1\n'.repeat(size / 5)}`],
    ['unknown keys', `${head}${Array.from({ length: 20_000 }, (_, key) => `k${key}: 1`).join('\n')}`],
    ['null items', `${head}storage: {files: [${'~,'.repeat(size / 2)}]}`],
    ['bad files', `${head}storage:\n  files:\n${'    - {path: a, mode: x}\n'.repeat(size / 25)}`],
    ['the same file', `${head}storage:\n  files:\n${'    - path: a\n'.repeat(size / 14)}`],
    [
      'mount units',
      `${head}storage:\n  filesystems:\n${Array.from({ length: 8000 }, (_, index) => `    - {device: /dev/mapper/d${index}, format: ext4, path: /var/d${index}, with_mount_unit: true}\n`).join('')}  luks:\n${Array.from({ length: 8000 }, (_, index) => `    - {name: d${index}, device: /dev/d${index}}\n`).join('')}`,
    ],
  ])('200 kB of %s are handled in time', (_name, input) => {
    compileQuickly(input);
  });
});

describe('contents', () => {
  const text = fc.string({ unit: fc.constantFrom(...'ab \n=ü'), maxLength: 120 });
  const contents = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    text.map((value) => Buffer.from(value, 'utf8')),
  );

  test('are decoded unchanged from the URL', () => {
    fc.assert(
      fc.property(contents, (bytes) => {
        const { source, compression } = encodeContents(bytes, undefined);
        if (compression === 'gzip') expect(source.startsWith('data:;base64,H4sI')).toBe(true);
        else expect(decodeDataUrl(source)).toEqual(Buffer.from(bytes));
      }),
    );
  });

  test('are compressed whenever that is shorter, however few distinct bytes they have', () => {
    fc.assert(
      fc.property(contents, (bytes) => {
        const { source } = encodeContents(bytes, undefined);
        const plain = encodeContents(bytes, 'gzip').source;
        const gzipped =
          'data:;base64,'.length + 4 * Math.ceil((gzipSync(bytes, { level: 9 }).length + 3) / 3);
        expect(source.includes('H4sI')).toBe(gzipped + 'gzip'.length < plain.length);
      }),
      { numRuns: 1000 },
    );
  });
});
