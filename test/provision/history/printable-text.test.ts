import { expect, test } from 'vitest';
import { printableJson, printableText } from '../../../src/provision/history/printable-text.ts';

test.each([
  ['plain text, in any language', 'nœud1 – 节点', 'nœud1 – 节点'],
  ['colours and cursor of a terminal', 'a\u001b[31mred', 'a\\u001b[31mred'],
  ['the C1 character that begins such a sequence', 'a\u009b31m', 'a\\u009b31m'],
  ['line breaks that forge other lines', 'ok\nsecond\r\tline', 'ok\\u000asecond\\u000d\\u0009line'],
  ['DEL and NUL', '\u0000\u007f', '\\u0000\\u007f'],
  ['text that is shown in another order', 'exe.\u202egpj', 'exe.\\u202egpj'],
])('%s', (_what, text, printable) => {
  expect(printableText(text)).toBe(printable);
});

test('JSON keeps its lines and its meaning', () => {
  const value = { a: ['x\u009b2J', 'two\nlines', 'exe.\u202egpj'] };
  const json = printableJson(value);
  expect(json).toMatch(/^[ -~\n]+$/);
  expect(json.split('\n')).toHaveLength(7);
  expect(JSON.parse(json)).toEqual(value);
});
