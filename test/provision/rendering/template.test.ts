import { describe, expect, test } from 'vitest';
import { compileTemplate } from '../../../src/provision/rendering/template.ts';
import { TemplateError } from '../../../src/provision/rendering/template-error.ts';

const PARTIALS: Readonly<Record<string, string>> = {
  greeting: 'hello {{name}}',
  bad: '1\n2 {{missing}}',
  loop: '{{> pool}}',
  pool: '{{> loop}}',
};

function render(source: string, variables: Record<string, unknown> = {}): string {
  const find = (name: string) =>
    PARTIALS[name] === undefined ? undefined : { name: `${name}.hbs`, source: PARTIALS[name] };
  try {
    return compileTemplate('t.bu', source, find).render(variables);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return `! ${error.describe()}`;
  }
}

describe('templates', () => {
  const rows: [source: string, variables: Record<string, unknown>, expected: string][] = [
    ['{{a}} {{b.c}}', { a: 1, b: { c: true } }, '1 true'],
    ['{{a}}', { a: '<&">' }, '<&">'],
    ['{{a}}', { a: null }, ''],
    ['{{#each a}}{{@index}}{{name}};{{/each}}', { a: [{ name: 'x' }, { name: 'y' }] }, '0x;1y;'],
    ['{{#each a as |v k|}}{{k}}={{v}} {{/each}}', { a: { q: 1, r: 2 } }, 'q=1 r=2 '],
    ['{{#each a}}x{{else}}none{{/each}}', { a: [] }, 'none'],
    ['{{#each a}}{{this}}{{#unless @last}},{{/unless}}{{/each}}', { a: [1, 2] }, '1,2'],
    ['{{#if a.b.c}}y{{else}}n{{/if}}', {}, 'n'],
    ['{{default a.b "d"}}', {}, 'd'],
    ['{{json a}}', { a: { b: ['c"'] } }, '{"b":["c\\""]}'],
    ['{{yaml a}}', { a: { b: [1, 'x: y'] } }, 'b:\n  - 1\n  - "x: y"'],
    ['  {{indent 2 a}}', { a: 'x\ny\n' }, '  x\n  y'],
    ['{{base64 a}} {{lower a}} {{upper a}} {{replace a "B" "x"}}', { a: 'aB' }, 'YUI= ab AB ax'],
    [
      '{{ipHost n 5}} {{ipHost n -2}} {{ipNet n "netmask"}} {{ipNet n "prefix"}}',
      { n: '10.0.1.7/24' },
      '10.0.1.5 10.0.1.254 255.255.255.0 24',
    ],
    // The answer of `openssl passwd -6 -salt abc pw`.
    [
      '{{sha512Crypt a "abc"}}',
      { a: 'pw' },
      '$6$abc$MtSdWSZbhct2oe.SOqOUM2M/GA/uj5.vyVtJgRHgKi9uqXuWuJqOYE7H/YlsYGVg/YYzDV0xt3fEIwYt580.5.',
    ],
    ['{{> greeting}}', { name: 'n' }, 'hello n'],
  ];
  test.each(rows)('%s', (source, variables, expected) => {
    expect(render(source, variables)).toBe(expected);
  });
});

describe('what a template must not do is an error with its place', () => {
  const rows: [source: string, variables: Record<string, unknown>, expected: string][] = [
    ['x\n {{b}}', {}, '! t.bu:2:4: "b" is not defined'],
    ['{{json b}}', {}, '! t.bu:1:8: "b" is not defined'],
    ['{{#each b}}{{/each}}', {}, '! t.bu:1:9: "b" is not defined'],
    ['{{a}}', { a: {} }, '! t.bu:1:1: a mapping has no text: use {{json ...}} or {{#each ...}}'],
    ['{{a}}', { a: [] }, '! t.bu:1:1: a list has no text: use {{json ...}} or {{#each ...}}'],
    ['{{required a "set a"}}', {}, '! t.bu:1:1: set a'],
    ['{{constructor}}', {}, '! t.bu:1:3: "constructor" cannot be the name of a variable'],
    ['{{a.__proto__}}', { a: {} }, '! t.bu:1:3: "__proto__" cannot be the name of a variable'],
    ['{{lookup a "constructor"}}', { a: {} }, ''],
    [
      '{{log a}}',
      { a: 1 },
      '! t.bu:1:1: there is no helper "log"; there are base64, default, each, if, indent, ipHost, ipNet, json, lookup, lower, replace, required, sha512Crypt, unless, upper, with, yaml',
    ],
    ['{{if a}}', { a: 1 }, '! t.bu:1:1: "if" is a block: {{#if ...}} ... {{/if}}'],
    [
      '{{#if a}}',
      { a: 1 },
      '! t.bu:1:1: template syntax: unexpected end, a block or an expression is not closed',
    ],
    ['{{> nothing}}', {}, '! t.bu:1:1: there is no partial "nothing" in profiles/'],
    ['{{> bad}}', {}, '! bad.hbs:2:5: "missing" is not defined'],
    ['{{> loop}}', {}, '! pool.hbs:1:1: partial "loop" includes itself'],
    ['{{> (lookup a "b")}}', { a: { b: 'greeting' } }, '! t.bu:1:1: a partial is named by a plain word'],
    ['{{ipHost "10.0.1.0/24" 300}}', {}, '! t.bu:1:1: ipHost: 10.0.1.0/24 has no host 300'],
    ['{{ipHost "x" 1}}', {}, '! t.bu:1:1: ipHost takes a network such as 10.0.1.0/24, not "x"'],
  ];
  test.each(rows)('%s', (source, variables, expected) => {
    expect(render(source, variables)).toBe(expected);
  });

  test('loops in loops end', () => {
    const a = Array.from({ length: 1000 }, (_, index) => index);
    const nested = '{{#each a}}{{#each @root.a}}{{#each @root.a}}x{{/each}}{{/each}}{{/each}}';
    expect(render(nested, { a })).toMatch(/^! t\.bu:1:\d+: loops visit more than 100000 items$/);
  });

  test('loops cannot write without end', () => {
    const a = Array.from({ length: 1000 }, () => 'x'.repeat(100_000));
    expect(render('{{#each a}}{{this}}{{/each}}', { a })).toMatch(
      /loops write more than 16777216 characters$/,
    );
  });
});
