import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { formatProblem } from '../../src/documents/problem.ts';
import { readYamlDocuments, schemaProblems } from '../../src/documents/yaml-documents.ts';

const read = (text: string) => readYamlDocuments('f.yaml', Buffer.from(text));
const problemsOf = (text: string): string[] => read(text).problems.map(formatProblem);

describe('mistakes that the parser does not find', () => {
  test.each([
    ['a key that appears twice', 'a: 1\nb: {c: 1, d: 2, c: 3}\n', ['f.yaml:2:17: this key appears twice']],
    [
      'a key that appears three times',
      'a: 1\na: 2\na: 3\n',
      ['f.yaml:2:1: this key appears twice', 'f.yaml:3:1: this key appears twice'],
    ],
    [
      'an alias inside its mapping',
      'm: &m {b: *m}\n',
      ['f.yaml:1:11: *m refers to a value that contains it, which would never end'],
    ],
    [
      'an alias deep inside its list',
      'l: &l [1, [{x: *l}]]\n',
      ['f.yaml:1:16: *l refers to a value that contains it, which would never end'],
    ],
    [
      'depth',
      `${'['.repeat(120)}${']'.repeat(120)}`,
      ['f.yaml:1:102: collections are nested more than 100 deep'],
    ],
  ])('%s', (_name, text, expected) => {
    expect(problemsOf(text)).toEqual(expected);
  });

  test('nesting too deep for any stack', () => {
    expect(problemsOf('['.repeat(50_000) + ']'.repeat(50_000))).toContainEqual(
      expect.stringContaining('are nested more than 100 deep'),
    );
  });

  test('an anchor that is used outside itself, or defined again with the same name, is valid', () => {
    const { documents, problems } = read('a: &x {k: 1}\nb: *x\nc: &x [2]\nd: *x\n');
    expect(problems).toEqual([]);
    expect(documents[0]?.value).toEqual({ a: { k: 1 }, b: { k: 1 }, c: [2], d: [2] });
  });

  test('a merge key copies the keys of its anchor', () => {
    const { documents } = read('x-d: &d {k: 1, l: 2}\na: {<<: *d, l: 3}\n');
    expect(documents[0]?.value).toMatchObject({ a: { k: 1, l: 3 } });
  });
});

test('a mapping of 100,000 invalid keys is read, and the first hundred are reported with their places', () => {
  const text = Array.from({ length: 100_000 }, (_, index) => `key${index}: v`).join('\n');
  const { documents, problems } = read(text);
  expect(problems).toEqual([]);
  const [document] = documents;
  if (document === undefined) throw new Error('no document');
  const { error } = z.strictObject({}).safeParse(document.value);
  if (error === undefined) throw new Error('nothing was wrong');
  const told = schemaProblems(document, error);
  expect(told).toHaveLength(100);
  expect(told[99]).toMatchObject({ line: 100, column: 1, message: 'unknown key "key99"' });
});

test('places are right for documents of several files in alternation', () => {
  const [a] = read('x: 1\ny: 2\n').documents;
  const [b] = read('\n\ny: 2\n').documents;
  expect(a?.placeOf(['y'])).toEqual({ line: 2, column: 4 });
  expect(b?.placeOf(['y'])).toEqual({ line: 3, column: 4 });
  expect(a?.placeOfKey([], 'y')).toEqual({ line: 2, column: 1 });
});

test('a document with a syntax error is a fragment, and not a document', () => {
  const { documents, fragments } = read('id: a\nid: b\n---\nid: c\n');
  expect(documents.map(({ value }) => value)).toEqual([{ id: 'c' }]);
  expect(fragments).toEqual([{ id: 'b' }]);
});

test('a value of metadata is not repeated', () => {
  const [document] = read('metadata: {password: .nan}\n').documents;
  const { error } = z.strictObject({ metadata: z.record(z.string(), z.json()) }).safeParse(document?.value);
  const told = document && error ? schemaProblems(document, error) : [];
  expect(told.map(({ message }) => message)).toEqual([
    'metadata.password: must be text, a number, true, false, null, a list or a mapping',
  ]);
});

test('a mapping as a key, as in a template that is no YAML yet, causes no warning of the process', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error): void => {
    warnings.push(warning);
  };
  process.on('warning', note);
  read('{{#if x}}\na: b\n{{/if}}\n');
  read('? {a: b}\n: c\n');
  await new Promise(setImmediate);
  process.off('warning', note);
  expect(warnings).toEqual([]);
});
