import { describe, expect, test } from 'vitest';
import type { YamlNode } from '../../../src/butane/yaml/node.ts';
import { parseYaml } from '../../../src/butane/yaml/parse-yaml.ts';
import { decodeYamlText } from '../../../src/butane/yaml/yaml-text.ts';

/** A node as plain data, every scalar as its text; an alias as `*name`. */
function plain(node: YamlNode | undefined): unknown {
  if (!node) return undefined;
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'alias':
      return `*${node.name}`;
    case 'sequence':
      return node.items.map(plain);
    case 'mapping':
      return Object.fromEntries(node.pairs.map(({ key, value }) => [plain(key), plain(value)]));
  }
}

const parse = (text: string) => plain(parseYaml(text));

describe('documents', () => {
  test.each([
    ['a: 1\nb: [x, y]', { a: '1', b: ['x', 'y'] }],
    ['a:\n- x\n- y\nb: z', { a: ['x', 'y'], b: 'z' }],
    ['- - a\n  - b\n- c: d\n  e: f', [['a', 'b'], { c: 'd', e: 'f' }]],
    ['{a: 1, b, "c": [d: e]}', { a: '1', b: '', c: [{ d: 'e' }] }],
    ['? a\n: b\n? [c]\n: d', { a: 'b', c: 'd' }],
    ['a: &x 1\nb: *x', { a: '1', b: '*x' }],
    ['a: !!str\nb: &y', { a: '', b: '' }],
    ['%YAML 1.1\n%TAG !e! tag:e,2000:\n---\na: !e!x b', { a: 'b' }],
    // What follows is ignored, except for the two tokens that go-yaml reads ahead.
    ['--- a\n...\nb: [c, "unfinished', 'a'],
    ['a: b # c\n# d\n\t# e\nf: g', { a: 'b', f: 'g' }],
    ['a: "b"#c', { a: 'b' }],
    ['', undefined],
    ['# nothing\n', undefined],
  ])('%j', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });
});

describe('scalars', () => {
  test.each([
    ['a  b', 'a  b'],
    ['a\n  b\n\n  c', 'a b\nc'],
    ['a\u2028b', 'a\u2028b'],
    ['http://x:80/#y', 'http://x:80/#y'],
    ['-a', '-a'],
    ["'it''s\n  two'", "it's two"],
    ['"a\\tb\\x41\\u00e9\\U0001F600\\N\\_\\L\\P\\e\\0"', 'a\tbA\u00e9\u{1f600}\x85\xa0\u2028\u2029\x1b\0'],
    ['"a \\\n   b"', 'a b'],
    ['|\n a\n  b\n\n c\n', 'a\n b\n\nc\n'],
    ['|-\n a\n', 'a'],
    ['|+\n a\n\n', 'a\n\n'],
    ['|2\n   a\n', ' a\n'],
    ['|\n a', 'a'],
    ['>\n a\n b\n\n c\n  d\n e\n', 'a b\nc\n d\ne\n'],
    ['|\r\n a\r\n b\r\n', 'a\nb\n'],
  ])('%j', (text, expected) => {
    expect(parse(text)).toBe(expected);
  });
});

describe('places', () => {
  const root = parseYaml('\u{1f600}: {b: &x 1}\nc:\n  - !!str d\ne:\n');

  test('columns are code points, and begin at the anchor or tag', () => {
    if (root?.kind !== 'mapping') throw new Error('The document is a mapping.');
    const places = root.pairs.map(({ key, value }) => [key.line, key.col, value.line, value.col]);
    expect(places).toEqual([
      [1, 1, 1, 4],
      [2, 1, 3, 3],
      // A missing value is placed after its colon.
      [4, 1, 4, 3],
    ]);
  });
});

describe('invalid YAML', () => {
  // go-yaml counts the lines of scanner and parser errors differently, and names none for the first line.
  test.each([
    ['a: b: c', 'mapping values are not allowed in this context'],
    ['a: 1\n  b: 2', 'line 2: mapping values are not allowed in this context'],
    ['a: [1, 2', "line 1: did not find expected ',' or ']'"],
    ['a:\n  - b\n c', 'line 2: did not find expected key'],
    ['a: 1\nb', "line 2: could not find expected ':'"],
    ['--- a\n...\n"unfinished', 'line 3: found unexpected end of stream'],
    ['a: "b', 'found unexpected end of stream'],
    ['a: "\\ud83d"', 'found invalid Unicode character escape code'],
    ['a: "\\/"', 'found unknown escape character'],
    ['a: *b', "unknown anchor 'b' referenced"],
    ['%YAML 1.2\n---\na', 'found incompatible YAML document'],
    ['%FOO x\n---\na', 'found unknown directive name'],
    ['a: !<x', "did not find the expected '>'"],
    ['a: !e!x y', 'found undefined tag handle'],
    ['a: @b', 'found character that cannot start any token'],
    ['a:\n\tb: c', 'line 2: found character that cannot start any token'],
    ['a: |\n \tb\n\tc: d', 'line 2: found a tab character where an indentation space is expected'],
    ['a: >0\n b', 'found an indentation indicator equal to 0'],
  ])('%j', (text, problem) => {
    expect(() => parseYaml(text)).toThrow(
      expect.objectContaining({ name: 'YamlError', message: `yaml: ${problem}` }),
    );
  });
});

describe('text', () => {
  const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le');

  test.each([
    [Buffer.from('\ufeffa: é'), 'a: é'],
    [utf16('a: é\u{1f600}'), 'a: é\u{1f600}'],
    [utf16('a: é').swap16(), 'a: é'],
    ['\ufeffa', 'a'],
  ])('%j is decoded', (bytes, text) => {
    expect(decodeYamlText(bytes)).toBe(text);
  });

  test.each([
    [Buffer.from([0x61, 0xff]), 'invalid leading UTF-8 octet'],
    [Buffer.from([0xc3, 0x61]), 'invalid trailing UTF-8 octet'],
    [Buffer.from([0x61, 0xe2, 0x82]), 'incomplete UTF-8 octet sequence'],
    [Buffer.from([0xc0, 0x80]), 'invalid length of a UTF-8 sequence'],
    [Buffer.from([0xff, 0xfe, 0x61]), 'incomplete UTF-16 character'],
    [Buffer.from([0xff, 0xfe, 0x3d, 0xd8]), 'incomplete UTF-16 surrogate pair'],
    ['a\0', 'control characters are not allowed'],
    ['a\x7f', 'control characters are not allowed'],
    ['a\ufffe', 'control characters are not allowed'],
  ])('%j is refused', (bytes, problem) => {
    expect(() => decodeYamlText(bytes)).toThrow(
      expect.objectContaining({ name: 'YamlError', message: `yaml: ${problem}` }),
    );
  });
});
