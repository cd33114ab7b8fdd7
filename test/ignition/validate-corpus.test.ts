import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/ignition/parse-config.ts';
import { formatEntry } from '../../src/ignition/report.ts';
import { inputOf, readCases } from './corpus.ts';

interface ValidateCase {
  id: string;
  input?: string;
  input_b64?: string;
  exit: number;
  report: string;
  entries: { kind: string; path: string | null; line: number; col: number; message: string }[];
  unordered: boolean;
}

const cases = readCases<ValidateCase>('ignition/validate.jsonl');

/**
 * The results were recorded with a program built by Go 1.23. Since 1.24, which Ignition requires, encoding/json also
 * names the struct from which a field is embedded.
 */
function asGo124(message: string): string {
  return message.replace(
    /Go struct field File\.storage\.files\.mode /,
    'Go struct field File.storage.files.FileEmbedded1.mode ',
  );
}

/**
 * Every entry must agree in kind, path, line, column and wording, including messages from Go's libraries. There are no
 * exceptions.
 */
describe('conformance with ignition-validate', () => {
  test('the whole corpus is here', () => {
    expect(cases.length).toBe(1551);
  });

  test.each(cases.map((each) => [each.id, each] as const))('%s', (_id, each) => {
    const result = parseConfig(inputOf(each));
    const expected = each.entries.map(({ kind, path, line, col, message }) => {
      const place = `line ${line} col ${col}`;
      return `${kind} at ${path === null ? place : `${path}, ${place}`}: ${asGo124(message)}`;
    });
    const found = result.entries.map(formatEntry);
    if (each.unordered) {
      expected.sort();
      found.sort();
    }
    expect(found).toEqual(expected);
    expect(result.kind).toBe(each.exit === 0 ? 'config' : 'invalid');
    if (each.entries.length === 0 && result.kind === 'invalid') {
      expect(`couldn't parse config: ${result.reason}\n`).toBe(each.report);
    }
  });
});
