import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findMember, JsonSyntaxError, parseJson } from '../../src/ignition/json-document.ts';
import type { JsonNode } from '../../src/ignition/json-document.ts';

function parse(text: string | Uint8Array): JsonNode {
  return parseJson(typeof text === 'string' ? Buffer.from(text, 'utf8') : text).root;
}

/** Converts a tree to the result of JSON.parse. */
function plain(node: JsonNode): unknown {
  switch (node.kind) {
    case 'object':
      return Object.fromEntries(node.members.map(({ key, value }) => [key, plain(value)]));
    case 'array':
      return node.items.map(plain);
    case 'string':
      return node.value;
    case 'number':
      return Number(node.text);
    case 'null':
      return null;
    default:
      return node.kind === 'true';
  }
}

describe('parseJson', () => {
  test.each([
    ['{"a":1}', 'an object'],
    [' [ 1 , "x\\u00e9\\n" , null, true,false, -0.5e+3 ] ', 'every kind of value'],
    ['"\\ud83d\\ude00"', 'a surrogate pair'],
    ['{"":{"":[]}}', 'empty keys'],
    ['"\u007f\u2028é😀"', 'characters that need no escape'],
  ])('%s agrees with JSON.parse: %s', (text) => {
    expect(plain(parse(text))).toEqual(JSON.parse(text));
  });

  test('agrees with JSON.parse on whatever JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.json({ noUnicodeString: false }), (text) => {
        expect(plain(parse(text))).toEqual(JSON.parse(text.replace(/\\ud[89a-f][0-9a-f]{2}/g, '\\ufffd')));
      }),
    );
  });

  test('has the place of every value and key', () => {
    const root = parse('{ "a": [1, {"b": "x"}], "a": 2 }');
    expect(root).toMatchObject({
      kind: 'object',
      start: 0,
      end: 32,
      members: [
        {
          key: 'a',
          keyStart: 2,
          value: {
            kind: 'array',
            start: 7,
            end: 22,
            items: [
              { kind: 'number', start: 8, end: 9, text: '1' },
              { kind: 'object', start: 11, end: 21, members: [{ key: 'b', keyStart: 12 }] },
            ],
          },
        },
        { key: 'a', keyStart: 24, value: { start: 29, end: 30 } },
      ],
    });
    expect(root.kind === 'object' && findMember(root, 'a')?.keyStart).toBe(24);
  });

  test('finds the last of a repeated key in a large object too', () => {
    const root = parse(
      `{${Array.from({ length: 40 }, (_, index) => `"k${index % 20}":${index}`).join(',')}}`,
    );
    expect(root.kind === 'object' && findMember(root, 'k3')?.value).toMatchObject({ text: '23' });
    expect(root.kind === 'object' && findMember(root, '__proto__')).toBeUndefined();
  });

  test.each([
    [Buffer.from([0x22, 0x61, 0xff, 0xfe, 0x22]), 'a\ufffd\ufffd'],
    [Buffer.from([0x22, 0xe2, 0x82, 0x78, 0x22]), '\ufffd\ufffdx'],
    [Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), '\ufffd\ufffd\ufffd'],
    [Buffer.from('"\\ud800\\u0041"'), '\ufffdA'],
    [Buffer.from('"\\udc00\\ud83d\\ude00"'), '\ufffd😀'],
    [Buffer.from('"\\ud83d\\ud83d\\ude00"'), '\ufffd😀'],
  ])('replaces invalid Unicode: %s', (bytes, value) => {
    expect(parse(bytes)).toMatchObject({ value });
  });

  // Wording and offsets of Go's encoding/json, which counts the offending byte as read.
  test.each([
    ['', 'unexpected end of JSON input', 0],
    ['{', 'unexpected end of JSON input', 1],
    ['"\\', "invalid character ' ' in string escape code", 2],
    ['"\\u12', "invalid character ' ' in \\u hexadecimal character escape", 5],
    ['"x', 'unexpected end of JSON input', 2],
    ['[1', 'unexpected end of JSON input', 2],
    ['{"a"', 'unexpected end of JSON input', 4],
    ['tru', "invalid character ' ' in literal true (expecting 'e')", 3],
    ['nulx', "invalid character 'x' in literal null (expecting 'l')", 4],
    ['-', "invalid character ' ' in numeric literal", 1],
    ['-x', "invalid character 'x' in numeric literal", 2],
    ['1.x', "invalid character 'x' after decimal point in numeric literal", 3],
    ['1e+', "invalid character ' ' in exponent of numeric literal", 3],
    ['01', "invalid character '1' after top-level value", 2],
    ['{"a" 1}', "invalid character '1' after object key", 6],
    ['{"a":1 "b"}', "invalid character '\"' after object key:value pair", 8],
    ['[1 2]', "invalid character '2' after array element", 4],
    ['[1}', "invalid character '}' after array element", 3],
    ['[,]', "invalid character ',' looking for beginning of value", 2],
    ['[1,]', "invalid character ']' looking for beginning of value", 4],
    ['{,}', "invalid character ',' looking for beginning of object key string", 2],
    ['"\\u00g0"', "invalid character 'g' in \\u hexadecimal character escape", 6],
    ['"\u0001"', "invalid character '\\x01' in string literal", 2],
    ['\u00a0', "invalid character 'Â' looking for beginning of value", 1],
    ['{}\\', "invalid character '\\\\' after top-level value", 3],
  ])('%j fails: %s', (text, message, offset) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ name: 'JsonSyntaxError', message, offset }));
  });

  test.each(['[', '{"a":'])(
    '10,000 levels of %s are allowed, one more is not, and none overflow the stack',
    (open) => {
      const close = open === '[' ? ']' : '}';
      const nested = (depth: number) => `${open.repeat(depth - 1)}${open.charAt(0)}${close.repeat(depth)}`;
      expect(parse(nested(10_000)).end).toBe(nested(10_000).length);
      expect(() => parse(nested(10_001))).toThrow('exceeded max depth');
      expect(() => parse(open.repeat(1_000_000))).toThrow('exceeded max depth');
    },
  );

  test('notices numbers that a float64 cannot hold', () => {
    expect(parseJson(Buffer.from('[1e308, -0.1E-400]')).positioned).toBe(true);
    expect(parseJson(Buffer.from('[1e309]')).positioned).toBe(false);
    expect(parseJson(Buffer.from(`[${'9'.repeat(400)}]`)).positioned).toBe(false);
  });

  test('throws nothing but JsonSyntaxError, and accepts what JSON.parse accepts', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.json(), fc.nat(), (noise, json, at) => {
        const text = Buffer.from(json);
        const cut = at % (text.length + 1);
        for (const bytes of [noise, text.subarray(0, cut), Buffer.concat([text.subarray(0, cut), noise])]) {
          let accepted = true;
          try {
            parse(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(JsonSyntaxError);
            accepted = false;
          }
          let valid = true;
          try {
            JSON.parse(Buffer.from(bytes).toString('utf8'));
          } catch {
            valid = false;
          }
          // Neither JSON.parse nor encoding/json skips a byte order mark.
          expect(accepted).toBe(valid);
        }
      }),
    );
  });
});
