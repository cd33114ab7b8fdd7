import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileTemplate } from '../../../src/provision/rendering/template.ts';
import { ReportedText, type TemplateLanguage } from '../../../src/provision/rendering/reported-text.ts';
import { TemplateError } from '../../../src/provision/rendering/template-error.ts';

const PARTIALS: Record<string, string> = {
  greeting: 'hello {{name}}',
  bad: '1\n2 {{missing}}',
  loop: '{{> pool}}',
  pool: '{{> loop}}',
};
/** Partials, each of which includes the previous one twice. */
for (let depth = 1; depth <= 18; depth++) {
  PARTIALS[`twice${depth}`] = depth === 1 ? 'x' : `{{> twice${depth - 1}}}{{> twice${depth - 1}}}`;
}

function render(
  source: string,
  variables: Record<string, unknown> = {},
  name = 't.bu',
  language?: TemplateLanguage,
): string {
  const find = (name: string) =>
    PARTIALS[name] === undefined ? undefined : { name: `${name}.hbs`, source: PARTIALS[name] };
  try {
    return compileTemplate(name, source, find, language).render(variables);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return error
      .all()
      .map((fault) => `! ${fault.describe()}`)
      .join('\n');
  }
}

describe('templates', () => {
  const rows: [source: string, variables: Record<string, unknown>, expected: string][] = [
    ['{{a}} {{b.c}}', { a: 1, b: { c: true } }, '1 true'],
    ['{{a}}', { a: '<&">' }, '<&">'],
    ['{{a}}{{b}}{{c}}', { a: '', b: false, c: 0 }, 'false0'],
    ['{{#each a}}{{@index}}{{name}};{{/each}}', { a: [{ name: 'x' }, { name: 'y' }] }, '0x;1y;'],
    ['{{#each a as |v k|}}{{k}}={{v}} {{/each}}', { a: { q: 1, r: 2 } }, 'q=1 r=2 '],
    ['{{#each a as |v|}}{{v.b}}{{this.b}}{{../c}}{{@root.c}}{{/each}}', { a: [{ b: 1 }], c: 2 }, '1122'],
    ['{{#each a}}x{{else}}none{{/each}}', { a: [] }, 'none'],
    ['{{#each (lookup a "b")}}x{{else}}none{{/each}}', { a: {} }, 'none'],
    ['{{#each a}}{{this}}{{#unless @last}},{{/unless}}{{/each}}', { a: [1, 2] }, '1,2'],
    ['{{#with a}}{{b}}{{else}}none{{/with}}', { a: { b: 1 } }, '1'],
    ['{{#if a.b.c}}y{{else}}n{{/if}}', {}, 'n'],
    ['{{#if a}}1{{else if b}}2{{else}}3{{/if}}', { b: true }, '2'],
    ['{{^if a}}n{{/if}}{{^if b}}n{{else}}y{{/if}}', { a: false, b: 1 }, 'ny'],
    ['{{^each a}}none{{/each}}{{#if b}}{{^}}n{{/if}}', { a: [], b: false }, 'nonen'],
    ['{{default a.b "d"}}{{default (lookup a "b") "e"}}{{default n "f"}}', { a: {}, n: null }, 'def'],
    ['{{json a}}', { a: { b: ['c"'] } }, '{"b":["c\\""]}'],
    ['{{json a indent=2}}', { a: [1] }, '[\n  1\n]'],
    ['{{yaml a}}', { a: { b: [1, 'x: y'] } }, 'b:\n  - 1\n  - "x: y"'],
    ['  {{indent 2 a}}', { a: 'x\ny\n' }, '  x\n  y'],
    ['{{base64 a}} {{lower a}} {{upper a}} {{replace a "B" "x"}}', { a: 'aB' }, 'YUI= ab AB ax'],
    ['{{join a ", "}}', { a: ['x', 1] }, 'x, 1'],
    ['{{lookup a 1}}{{lookup b "k"}}{{a.[0]}}', { a: ['x', 'y'], b: { k: 'z' } }, 'yzx'],
    [
      '{{ipHost n 5}} {{ipHost n -2}} {{ipNet n "netmask"}} {{ipNet n "prefix"}}',
      { n: '10.0.1.7/24' },
      '10.0.1.5 10.0.1.254 255.255.255.0 24',
    ],
    // The output of `openssl passwd -6 -salt abc pw`.
    [
      '{{sha512Crypt a "abc"}}',
      { a: 'pw' },
      '$6$abc$MtSdWSZbhct2oe.SOqOUM2M/GA/uj5.vyVtJgRHgKi9uqXuWuJqOYE7H/YlsYGVg/YYzDV0xt3fEIwYt580.5.',
    ],
    ['{{> greeting}}', { name: 'n' }, 'hello n'],
    ['{{> greeting name="m"}}{{> greeting a}}', { name: 'n', a: { name: 'o' } }, 'hello mhello o'],
    ['\\{{.Names}} \\{{json .}} {{a}}', { a: 1 }, '{{.Names}} {{json .}} 1'],
  ];
  test.each(rows)('%s', (source, variables, expected) => {
    expect(render(source, variables)).toBe(expected);
  });
});

describe('questions', () => {
  const variables = { a: 'x', n: 3, list: ['x', 4], map: { k: 1 }, no: false, empty: [], text: '10' };
  const rows: [expression: string, expected: string][] = [
    ['eq a "x"', 'y'],
    ['eq n "3"', 'y'],
    ['eq a "y"', 'n'],
    ['ne a "y"', 'y'],
    ['lt n 3', 'n'],
    ['le n 3', 'y'],
    ['gt text 9', 'y'],
    ['ge n 4', 'n'],
    ['lt "b" "c"', 'y'],
    ['and a n', 'y'],
    ['and a missing', 'n'],
    ['and missing a', 'n'],
    ['or missing.part a', 'y'],
    ['or no empty', 'n'],
    ['not no', 'y'],
    ['not a', 'n'],
    ['contains list "x"', 'y'],
    ['contains list 4', 'y'],
    ['contains list "4x"', 'n'],
    ['contains map "k"', 'y'],
    ['contains map "constructor"', 'n'],
    ['contains text "0"', 'y'],
    ['and (eq a "x") (not (contains list "z"))', 'y'],
  ];
  test.each(rows)('%s', (expression, expected) => {
    expect(render(`{{#if (${expression})}}y{{else}}n{{/if}}`, variables)).toBe(expected);
  });
});

describe('faults are errors with their place', () => {
  const rows: [source: string, variables: Record<string, unknown>, expected: string][] = [
    ['x\n {{b}}', {}, '! t.bu:2:4: "b" is not defined'],
    ['{{json b}}', {}, '! t.bu:1:8: "b" is not defined'],
    ['{{#each b}}{{/each}}', {}, '! t.bu:1:9: "b" is not defined'],
    ['{{json ..}}', {}, '! t.bu:1:8: ".." is not defined'],
    ['{{m.x.c}}', { m: {} }, '! t.bu:1:3: "m.x" is not defined'],
    ['{{m.x.c}}', {}, '! t.bu:1:3: "m" is not defined'],
    ['{{m.x.c}}', { m: { x: {} } }, '! t.bu:1:3: "m.x.c" is not defined'],
    ['{{m.x.c}}', { m: { x: 'Hunter2' } }, '! t.bu:1:3: "m.x" is a text, and has no "c"'],
    ['{{#each l}}{{name}}{{/each}}', { l: ['Hunter2'] }, '! t.bu:1:14: "name" is not defined'],
    [
      '{{a}}',
      { a: null },
      '! t.bu:1:3: "a" is null, which is what YAML makes of a key without a value: give it a value, or write {{default a ""}}',
    ],
    [
      '{{a}}',
      { a: {} },
      '! t.bu:1:3: "a" is a mapping, which has no text: use {{json ...}} or {{#each ...}}',
    ],
    ['{{a}}', { a: [] }, '! t.bu:1:3: "a" is a list, which has no text: use {{json ...}} or {{#each ...}}'],
    [
      '{{default a "x"}}',
      { a: { b: 1 } },
      '! t.bu:1:1: (default ...) is a mapping, which has no text: use {{json ...}} or {{#each ...}}',
    ],
    ['{{lower a}}', { a: ['Hunter2'] }, '! t.bu:1:1: lower takes a text, and "a" is a list'],
    ['{{replace a "x" "y"}}', { a: { b: 1 } }, '! t.bu:1:1: replace takes a text, and "a" is a mapping'],
    ['{{join a ","}}', { a: [{}] }, '! t.bu:1:1: join takes a list of texts, and one item is a mapping'],
    [
      '{{#each a}}x{{/each}}',
      { a: 'Hunter2' },
      '! t.bu:1:1: each takes a list or a mapping, and "a" is a text',
    ],
    [
      '{{lookup a "b"}}',
      { a: {} },
      '! t.bu:1:1: lookup finds nothing, and "a" is a mapping without that key; where that may be, write {{default (lookup a "b") "c"}}',
    ],
    ['{{lower a b}}', { a: 'x' }, '! t.bu:1:1: "lower" takes 1 argument, and here it has 2'],
    ['{{#if a b}}{{/if}}', { a: 'x' }, '! t.bu:1:1: "if" takes one argument, and here it has 2'],
    ['{{json a indnet=2}}', { a: 'x' }, '! t.bu:1:1: "json" has no option "indnet"; it has indent'],
    [
      '{{json a indent=20}}',
      { a: 'x' },
      '! t.bu:1:1: json takes an indent from 0 to 10, as in {{json a indent=2}}',
    ],
    ['{{required a "set a"}}', {}, '! t.bu:1:1: set a'],
    ['{{required a b}}', { b: 'Hunter2' }, '! t.bu:1:1: "required" takes its message as a text in quotes'],
    ['{{constructor}}', {}, '! t.bu:1:3: "constructor" cannot be the name of a variable'],
    ['{{a.__proto__}}', { a: {} }, '! t.bu:1:3: "__proto__" cannot be the name of a variable'],
    ['{{@budget}}', {}, '! t.bu:1:3: there is no "@budget"; there are @root, @key, @index, @first and @last'],
    [
      '{{log a}}',
      { a: 1 },
      '! t.bu:1:1: there is no helper "log"; there are base64, default, indent, ipHost, ipNet, join, json, lookup, lower, replace, required, sha512Crypt, upper, yaml, and, contains, eq, ge, gt, le, lt, ne, not, or; to have {{log in the file as it is, write \\{{',
    ],
    ['{{if a}}', { a: 1 }, '! t.bu:1:1: "if" is a block: {{#if ...}} ... {{/if}}'],
    ['{{lower}}', {}, '! t.bu:1:3: "lower" is not defined; the helper of that name takes arguments'],
    ['{{> nothing}}', {}, '! t.bu:1:1: there is no partial "nothing" in profiles/'],
    ['{{> bad}}', {}, '! bad.hbs:2:5: "missing" is not defined'],
    ['{{> loop}}', {}, '! pool.hbs:1:1: partial "loop" includes itself'],
    ['{{> (lookup a "b")}}', { a: { b: 'greeting' } }, '! t.bu:1:1: a partial is named by a plain word'],
    [
      '{{ipHost "10.0.1.0/24" 300}}',
      {},
      '! t.bu:1:1: ipHost takes the number of a host in the network second, and "300" is none of that network',
    ],
    [
      '{{ipHost net 1}}',
      { net: 'Hunter2Secret' },
      '! t.bu:1:1: ipHost takes a network such as 10.0.1.0/24, and "net" is a text of another form',
    ],
  ];
  test.each(rows)('%s', (source, variables, expected) => {
    expect(render(source, variables)).toBe(expected);
  });

  test('all missing variables are reported at once, in partials too, and once per loop', () => {
    expect(render('{{a}}\n{{#each l}}{{b}}{{/each}}{{lower c}}{{> bad}}', { l: [{}, {}] })).toBe(
      [
        '! t.bu:1:3: "a" is not defined',
        '! t.bu:2:14: "b" is not defined',
        '! t.bu:2:34: "c" is not defined',
        '! bad.hbs:2:5: "missing" is not defined',
      ].join('\n'),
    );
  });

  test('all faults of the text are reported at once', () => {
    expect(
      render('{{shout a}}\n{{lower}}{{json a b}}')
        .split('\n')
        .map((line) => line.slice(0, 40)),
    ).toEqual(['! t.bu:1:1: there is no helper "shout"; ', '! t.bu:2:10: "json" takes 1 argument, an']);
  });
});

describe('braces of other programs', () => {
  const rows: [source: string, expected: unknown][] = [
    [
      "docker ps --format '{{.Names}}'",
      '! t.bu:1:21: {{.Names}} is not a variable; write {{Names}}; to have {{.Names}} in the file as it is, write \\{{',
    ],
    [
      'x\n  {{range .Mounts}}{{.Source}}{{end}}',
      [
        '! t.bu:2:3: {{range .Mounts}} is a template of Go, and not of Handlebars; to have {{range .Mounts}} in the file as it is, write \\{{',
        '! t.bu:2:20: {{.Source}} is not a variable; write {{Source}}; to have {{.Source}} in the file as it is, write \\{{',
        '! t.bu:2:31: {{end}} is a template of Go, and not of Handlebars; to have {{end}} in the file as it is, write \\{{',
      ].join('\n'),
    ],
    [
      '{{- if $x := .Y -}}',
      '! t.bu:1:1: {{- if $x := .Y -}} is a template of Go, and not of Handlebars; to have {{- if $x := .Y -}} in the file as it is, write \\{{',
    ],
    [
      '{{if .a}}{{a}}{{end}}',
      [
        '! t.bu:1:1: {{if .a}} is a template of Go, and not of Handlebars; to have {{if .a}} in the file as it is, write \\{{',
        '! t.bu:1:15: {{end}} is a template of Go, and not of Handlebars; to have {{end}} in the file as it is, write \\{{',
      ].join('\n'),
    ],
    ['{{end}}', '! t.bu:1:3: "end" is not defined; to have {{end}} in the file as it is, write \\{{'],
    [
      'a: {inline: {{x}}}',
      '! t.bu:1:13: {{x}} has a third brace behind it, which Handlebars takes for part of the tag: write {{x}} }, with a blank',
    ],
    [
      '{{else}}',
      '! t.bu:1:1: {{else}} stands alone: it belongs between {{#if ...}} and {{/if}}; to have {{else}} in the file as it is, write \\{{',
    ],
    [
      '{{a | lower}}',
      '! t.bu:1:1: helpers come first: write {{lower a}}; to have {{a | lower}} in the file as it is, write \\{{',
    ],
    [
      '{{l.0}}',
      '! t.bu:1:1: an item of a list is written {{lookup l 0}}; to have {{l.0}} in the file as it is, write \\{{',
    ],
    ['{{#if a}}', '! t.bu:1:1: {{#if a}} is not closed: write {{/if}} after it'],
    ['{{/if}}', '! t.bu:1:1: {{/if}} closes a block that nothing opens'],
    [
      '{{#if a}}\n{{#each b}}{{/if}}',
      '! t.bu:2:12: {{/if}} stands where {{/each}} closes the block of line 2',
    ],
    ['x {{a', '! t.bu:1:3: {{ is not closed by }}; to have {{ in the file as it is, write \\{{'],
    [
      "awk '{{print $1}}'",
      expect.stringMatching(
        /^! t.bu:1:6: there is no helper "print"; .*; to have \{\{print in the file as it is, write/,
      ),
    ],
    [
      '{{json .Config}}',
      '! t.bu:1:1: {{json .Config}} is a template of Go, and not of Handlebars; to have {{json .Config}} in the file as it is, write \\{{',
    ],
    [
      '{{#range .x}}{{/range}}',
      '! t.bu:1:1: {{#range .x}} is a template of Go, and not of Handlebars; to have {{#range .x}} in the file as it is, write \\{{',
    ],
  ];
  test.each(rows)('%s', (source, expected) => {
    expect(render(source, { a: 'A' })).toEqual(expected);
  });
});

describe('all variables at once', () => {
  const variables = {
    join_token: 'SECRET',
    ignition_url: 'u',
    server: {},
    request: {},
    profile: {},
    group: {},
    list: [{ a: 1 }],
  };
  const refused = 'of all variables at once would write every secret of the machine: name the variable';
  test.each([
    '{{json .}}',
    '{{yaml this}}',
    '{{json @root}}',
    '{{json (default this "")}}',
    '{{#with this}}{{json this}}{{/with}}',
  ])('%s is refused', (source) => {
    expect(render(source, variables)).toContain(refused);
    expect(render(source, variables)).not.toContain('SECRET');
  });

  test('the error for {{.}} says how to write it literally', () => {
    expect(render('{{.}}', variables)).toBe(
      '! t.bu:1:3: "." is all variables at once, which have no text: name the variable; to have {{.}} in the file as it is, write \\{{',
    );
  });

  test('as the value of a helper they have no text either', () => {
    expect(render('{{default . "x"}}', variables)).toBe(
      '! t.bu:1:1: (default ...) is all variables at once, which have no text: name the variable',
    );
  });

  test('an item of a list is written', () => {
    expect(render('{{#each list}}{{json .}}{{/each}}', variables)).toBe('{"a":1}');
  });
});

describe('a value that a machine reports stays one value', () => {
  const variables = { h: new ReportedText('x y;${z}"&\n'), list: { h: new ReportedText('a b') } };
  const rows: [language: TemplateLanguage, source: string, expected: string][] = [
    ['boot', 'hostname={{h}}', 'hostname=x%20y%3B%24%7Bz%7D%22%26%0A'],
    ['boot', '{{upper h}} {{json h}}', 'X%20Y%3B%24%7BZ%7D%22%26%0A %22x%20y%3B%24%7Bz%7D%5C%22%26%5Cn%22'],
    ['boot', '{{#each list}}{{@key}}={{this}}{{/each}}', 'h=a%20b'],
    ['boot', '{{default h "a b"}}{{default none "a b"}}', 'x%20y%3B%24%7Bz%7D%22%26%0Aa b'],
    ['boot', '{{#if (eq list.h "a b")}}yes{{/if}}', 'yes'],
    ['json', '{"h":"{{h}}","i":{{json h}} }', '{"h":"x y;${z}\\"&\\n","i":"x y;${z}\\"&\\n" }'],
    ['yaml', 'h: {{json h}}', 'h: "x y;${z}\\"&\\n"'],
    ['yaml', 'h: {{list.h}}', 'h: a b'],
    [
      'yaml',
      'h: {{h}}',
      '! t:1:6: "h" comes from the machine, and has characters that could be taken for syntax here: write {{json h}} in place of it and its quotes',
    ],
    [
      'text',
      'h: {{h}}',
      '! t:1:6: "h" comes from the machine, and has characters that could be taken for syntax here: write {{json h}} in place of it and its quotes',
    ],
  ];
  test.each(rows)('%s: %s', (language, source, expected) => {
    expect(render(source, variables, 't', language)).toBe(expected);
  });
});

test('whatever tags a template combines, it renders or is refused', () => {
  const path = fc.constantFrom(
    'a',
    'l',
    'm',
    'm.k',
    'l.[0]',
    '.',
    '..',
    'this',
    '@root',
    '@key',
    '@index',
    'x',
  );
  const literal = fc.constantFrom('"t"', '1', 'true', 'null');
  const name = fc.constantFrom('if', 'unless', 'each', 'with', 'json', 'default', 'lookup', 'eq', 'x');
  const { content } = fc.letrec<{ content: string; tag: string; argument: string }>((tie) => ({
    argument: fc.oneof(
      path,
      literal,
      fc.tuple(name, path).map(([call, on]) => `(${call} ${on})`),
    ),
    tag: fc.oneof(
      { maxDepth: 3 },
      path.map((of) => `{{${of}}}`),
      fc.tuple(name, tie('argument')).map(([helper, on]) => `{{{${helper} ${on}}}}`),
      fc
        .record({
          mark: fc.constantFrom('#', '^', '#>', '#*'),
          name,
          argument: tie('argument'),
          params: fc.constantFrom('', ' as |v k|'),
          content: tie('content'),
          otherwise: fc.constantFrom('', '{{else}}', '{{^}}', '{{else if a}}'),
        })
        .map(
          (block) =>
            `{{${block.mark}${block.name} ${block.argument}${block.params}}}${block.content}${block.otherwise}{{/${block.name}}}`,
        ),
    ),
    content: fc.array(tie('tag'), { maxLength: 3 }).map((tags) => tags.join(' ')),
  }));
  const variables = { a: 'A', l: ['x'], m: { k: 1 } };
  fc.assert(
    // `render` throws what is no TemplateError.
    fc.property(content, (source) => typeof render(source, variables) === 'string'),
    { numRuns: 500, examples: [['{{^if a}}x{{/if}}'], ['{{^each l as |v|}}{{/each}}']] },
  );
});

describe('every rendering ends soon', () => {
  test('loops in loops', () => {
    const a = Array.from({ length: 1000 }, (_, index) => index);
    const nested = '{{#each a}}{{#each @root.a}}{{#each @root.a}}x{{/each}}{{/each}}{{/each}}';
    expect(render(nested, { a })).toMatch(/^! t\.bu:1:\d+: loops visit more than 100000 items$/);
  });

  test('loops that write much', () => {
    const a = Array.from({ length: 1000 }, () => 'x'.repeat(100_000));
    expect(render('{{#each a}}{{this}}{{/each}}', { a })).toMatch(
      /helpers, loops and partials write more than 16777216 characters$/,
    );
  });

  test('partials that double', () => {
    expect(render('{{> twice18}}')).toMatch(/: the template takes more than 500000 steps$/);
    expect(render('{{> twice10}}')).toBe('x'.repeat(512));
  });

  test('helpers that enlarge their arguments', () => {
    const deep = `{{${'base64 ('.repeat(45)}base64 a${')'.repeat(45)}}}`;
    expect(render(deep, { a: 'x'.repeat(1000) })).toMatch(/write more than 16777216 characters$/);
    expect(render('{{replace a "x" a}}', { a: 'x'.repeat(100_000) })).toMatch(/write more than/);
    expect(render('{{indent 200 a}}', { a: 'x\n'.repeat(100_000) })).toMatch(/write more than/);
    let list: unknown = 'x';
    for (let depth = 0; depth < 40; depth++) list = [list, list];
    expect(render('{{json list}}', { list })).toBe('! t.bu:1:1: json takes at most 100000 values');
    const passwords = Array.from({ length: 1000 }, (_, index) => `p${index}`);
    expect(render('{{#each passwords}}{{sha512Crypt this}}{{/each}}', { passwords })).toMatch(
      /500000 steps$/,
    );
  });

  test('nested helpers and blocks', () => {
    expect(render(`{{${'lower ('.repeat(60)}lower a${')'.repeat(60)}}}`)).toBe(
      '! t.bu:1:352: helpers may be nested 50 deep',
    );
    expect(render(`${'{{#if a}}'.repeat(2000)}${'{{/if}}'.repeat(2000)}`)).toBe(
      '! t.bu: blocks are nested too deeply',
    );
    expect(render(`${'{{#if a}}'.repeat(60)}${'{{/if}}'.repeat(60)}`)).toBe(
      '! t.bu:1:451: blocks may be nested 50 deep',
    );
    expect(render(`{{#if a}}1${'{{else if b}}2'.repeat(100)}{{else}}3{{/if}}`)).toBe('3');
  });

  test('more tags than the limit', () => {
    expect(render('{{a}}\n'.repeat(6000), { a: 1 })).toBe(
      '! t.bu:5001:1: a template and its partials may have at most 5000 tags',
    );
  });
});
