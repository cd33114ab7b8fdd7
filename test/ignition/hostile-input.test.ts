import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeConfig } from '../../src/ignition/encode.ts';
import { mergeConfigs } from '../../src/ignition/merge.ts';
import { parseConfig } from '../../src/ignition/parse-config.ts';
import { upconvertConfig } from '../../src/ignition/upconvert.ts';
import { inputOf, readCases } from './corpus.ts';

const corpus = readCases<{ input?: string; input_b64?: string }>('ignition/validate.jsonl').map(inputOf);

const fragments = fc.constantFrom(
  ...['{', '}', '[', ']', ',', ':', '"', '\\', '\\ud800', 'null', 'true', '-', '0', '1e999', '{}', '[]'],
  ...['"__proto__":{"x":1},', '"constructor":', '"PATH":"/a",', '"files":[null],', '\u0000', '\ufeff', '[['],
);

/** A case of the corpus with some bytes replaced by fragments. */
const mutated = fc
  .tuple(
    fc.nat(corpus.length - 1),
    fc.array(fc.tuple(fc.nat(), fc.nat(4), fragments), { minLength: 1, maxLength: 5 }),
  )
  .map(([index, edits]) => {
    let bytes = corpus[index] ?? Buffer.alloc(0);
    for (const [place, removed, fragment] of edits) {
      const at = place % (bytes.length + 1);
      bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(fragment), bytes.subarray(at + removed)]);
    }
    return bytes;
  });

/** Parses, and processes a valid result in every way that the server does. */
function process(input: Uint8Array | string): string {
  const result = parseConfig(input);
  if (result.kind === 'invalid') return result.reason;
  const newest = upconvertConfig(result.config, result.spec, '3.6.0');
  encodeConfig(mergeConfigs(newest, newest, '3.6.0'), '3.6.0');
  encodeConfig(mergeConfigs(newest, newest, '3.6.0', { mode: 'layered' }), '3.6.0', { indent: 2 });
  return 'config';
}

describe('hostile input', () => {
  test('mutated configurations never throw', () => {
    fc.assert(
      fc.property(mutated, (bytes) => void process(bytes)),
      { numRuns: 2000 },
    );
  });

  test('random bytes never throw', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void process(bytes)));
  });

  test('a valid configuration stays valid when written and read again', () => {
    for (const input of corpus) {
      const first = parseConfig(input);
      if (first.kind === 'invalid') continue;
      const written = encodeConfig(first.config, first.spec);
      const second = parseConfig(written);
      expect(second.kind === 'config' && encodeConfig(second.config, second.spec)).toBe(written);
    }
  });

  test('a prototype cannot be reached', () => {
    const input = '{"ignition":{"version":"3.4.0","__proto__":{"polluted":1}},"__proto__":{"polluted":1}}';
    expect(parseConfig(input).entries.map(({ message }) => message)).toEqual([
      'unused key __proto__',
      'unused key __proto__',
    ]);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  const head = '{"ignition":{"version":"3.4.0"},';
  const size = 200_000;
  const repeat = (item: (index: number) => string, count: number) =>
    Array.from({ length: count }, (_, index) => item(index)).join(',');

  // Each of these would take minutes if anything were quadratic; the limit for all tests together is seconds.
  test.each([
    ['deep nesting', `${head}"x":${'['.repeat(9_998)}${']'.repeat(9_998)}}`, 'config'],
    ['nesting without end', `${head}"x":${'{"a":'.repeat(size)}`, 'config is not valid'],
    ['a huge string', `${head}"x":"${'x'.repeat(10 * size)}"}`, 'config'],
    ['a huge number', `${head}"x":${'9'.repeat(10 * size)}}`, 'config'],
    [
      'a huge mode',
      `${head}"storage":{"files":[{"path":"/a","mode":${'9'.repeat(10 * size)}}]}}`,
      'config is not valid',
    ],
    [
      'a huge version',
      `{"ignition":{"version":"${'9'.repeat(10 * size)}.0.0"}}`,
      "invalid config version (couldn't parse)",
    ],
    ['escapes only', `${head}"x":"${'\\ud83d'.repeat(size)}"}`, 'config'],
    ['unknown keys', `${head}${repeat((index) => `"k${index}":1`, size / 10)}}`, 'config'],
    ['one key, repeated', `${head}${repeat(() => '"storage":{}', size / 10)}}`, 'config'],
    ['lines', `${'\n'.repeat(10 * size)}${head}"x":1}`, 'config'],
    [
      'a path of dots',
      `${head}"storage":{"files":[{"path":"${'/..'.repeat(size)}"}]}}`,
      'config is not valid',
    ],
    [
      'a name of at signs',
      `${head}"systemd":{"units":[{"enabled":true,"name":"${'@'.repeat(size)}.service"}]}}`,
      'config',
    ],
    [
      'a unit of brackets',
      `${head}"systemd":{"units":[{"name":"a.service","contents":"${'[A]\\n'.repeat(size)}"}]}}`,
      'config',
    ],
    [
      'a unit of spaces',
      `${head}"systemd":{"units":[{"name":"a.service","contents":"${'\\n'.repeat(2040)}[A]\\nb=${' '.repeat(10 * size)}c"}]}}`,
      'config is not valid',
    ],
    [
      'a unit of lines before any section',
      `${head}"systemd":{"units":[{"name":"a.service","contents":"${`${'x'.repeat(2000)}\\n`.repeat(500)}"}]}}`,
      'config',
    ],
    [
      'a URL of percent signs',
      `${head}"storage":{"files":[{"path":"/a","contents":{"source":"data:,${'%20'.repeat(size)}"}}]}}`,
      'config',
    ],
    [
      'a URL of colons',
      `${head}"storage":{"files":[{"path":"/a","contents":{"source":"http://${':'.repeat(size)}"}}]}}`,
      'config',
    ],
    [
      'media type parameters',
      `${head}"storage":{"files":[{"path":"/a","contents":{"source":"data:${';a=\\"b\\"'.repeat(size / 10)},"}}]}}`,
      'config',
    ],
    [
      'partitions',
      `${head}"storage":{"disks":[{"device":"/dev/a","partitions":[${repeat((index) => `{"number":${index + 1},"startMiB":${index * 2 + 1},"sizeMiB":1}`, size / 10)}]}]}}`,
      'config',
    ],
    [
      'partitions that overlap',
      `${head}"storage":{"disks":[{"device":"/dev/a","partitions":[${repeat((index) => `{"number":${index + 1},"startMiB":${index + 1},"sizeMiB":2}`, size / 10)}]}]}}`,
      'config is not valid',
    ],
    [
      'links and files',
      `${head}"storage":{"links":[${repeat((index) => `{"path":"/l${index}","target":"/x"}`, size / 10)}],"files":[${repeat((index) => `{"path":"/f${index}/a/b/c"}`, size / 10)}]}}`,
      'config',
    ],
    [
      'the same file again and again',
      `${head}"storage":{"files":[${repeat(() => '{"path":"/a"}', size / 10)}]}}`,
      'config is not valid',
    ],
  ])('%s is handled in time linear in its length', (_name, input, answer) => {
    const start = performance.now();
    expect(process(input)).toBe(answer);
    const millisecondsPerKilobyte = (performance.now() - start) / (input.length / 1024);
    expect(millisecondsPerKilobyte).toBeLessThan(20);
  });
});
