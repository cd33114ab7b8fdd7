import { describe, expect, test } from 'vitest';
import type { ResolvedScalar } from '../../../src/butane/yaml/resolve-scalar.ts';
import { resolveScalar, toInt } from '../../../src/butane/yaml/resolve-scalar.ts';
import type { ScalarNode } from '../../../src/butane/yaml/node.ts';

function scalar(value: string, tag = '', style: ScalarNode['style'] = 'plain'): ScalarNode {
  return { kind: 'scalar', value, tag, style, line: 1, col: 1 };
}

describe('plain scalars', () => {
  test.each([
    ['', '!!null', null],
    ['~', '!!null', null],
    ['NULL', '!!null', null],
    ['nULL', '!!str', 'nULL'],
    ['True', '!!bool', true],
    ['yes', '!!str', 'yes'],
    ['0644', '!!int', 420n],
    ['0o644', '!!int', 420n],
    ['0O644', '!!int', 420n],
    ['0888', '!!float', 888],
    ['0x1F', '!!int', 31n],
    ['0b101', '!!int', 5n],
    ['-0b101', '!!int', -5n],
    ['0o-17', '!!int', -15n],
    ['0b+1', '!!int', 1n],
    ['1_000', '!!int', 1000n],
    ['+12', '!!int', 12n],
    ['-0', '!!int', 0n],
    ['9223372036854775807', '!!int', 9223372036854775807n],
    ['18446744073709551615', '!!int', 18446744073709551615n],
    ['18446744073709551616', '!!float', 18446744073709552000],
    ['-9223372036854775808', '!!int', -9223372036854775808n],
    ['+9223372036854775808', '!!float', 9223372036854775808],
    ['1.', '!!float', 1],
    ['.5', '!!float', 0.5],
    ['1e3', '!!float', 1000],
    ['1e400', '!!str', '1e400'],
    ['-.INF', '!!float', Number.NEGATIVE_INFINITY],
    ['.', '!!str', '.'],
    ['1:30', '!!str', '1:30'],
    ['2001-01-01', '!!timestamp', '2001-01-01'],
    ['2001-02-29', '!!str', '2001-02-29'],
    ['2001-12-14t21:59:43.10-05:00', '!!timestamp', '2001-12-14t21:59:43.10-05:00'],
    ['<<', '!!merge', '<<'],
    ['-', '!!str', '-'],
  ])('%j is %s %s', (text, tag, value) => {
    expect(resolveScalar(scalar(text))).toEqual({ tag, value });
  });
});

describe('tags', () => {
  test.each<[ScalarNode, ResolvedScalar]>([
    [scalar('12', '!!str'), { tag: '!!str', value: '12' }],
    [scalar('12', '', 'double-quoted'), { tag: '!!str', value: '12' }],
    [scalar('12', '!'), { tag: '!!int', value: 12n }],
    [scalar('12', '!!int', 'double-quoted'), { tag: '!!int', value: 12n }],
    [scalar('12', '!!float'), { tag: '!!float', value: 12 }],
    [scalar('12', '!own'), { tag: '!own', value: '12' }],
    [scalar('aGVs\nbG8=', '!!binary'), { tag: '!!binary', value: 'hello' }],
    [scalar('/w==', '!!binary'), { tag: '!!binary', value: '\ufffd' }],
  ])('%o', (node, resolved) => {
    expect(resolveScalar(node)).toEqual(resolved);
  });

  test.each([
    [scalar('yes', '!!bool'), 'cannot decode !!str `yes` as a !!bool'],
    [scalar('4.2', '!!int'), 'cannot decode !!float `4.2` as a !!int'],
    [scalar('x', '!!null'), 'cannot decode !!str `x` as a !!null'],
    [scalar('aGVsbG8', '!!binary'), '!!binary value contains invalid base64 data'],
  ])('%j contradicts its tag', (node, problem) => {
    expect(() => resolveScalar(node)).toThrow(
      expect.objectContaining({ name: 'YamlError', message: `yaml: ${problem}` }),
    );
  });
});

describe('numbers as Go ints', () => {
  test.each([
    ['420.7', 420],
    ['-0.9', 0],
    ['9007199254740993', 9007199254740993n],
    ['9223372036854775808', undefined],
    ['1e20', undefined],
    // The result of Go's conversion of a float out of range on amd64.
    ['-1e20', -9223372036854775808n],
    ['9.3e18', undefined],
    ['.nan', undefined],
    ['true', undefined],
  ])('%j is %s', (text, expected) => {
    expect(toInt(resolveScalar(scalar(text)))).toBe(expected);
  });
});
