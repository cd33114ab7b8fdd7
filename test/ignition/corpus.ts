import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** Reads recorded results of the real programs, one JSON object per line; a missing file fails the test. */
export function readCases<T>(name: string): T[] {
  const file = resolve(import.meta.dirname, '../../../shared/conformance', name);
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

/** The bytes that a case passes to the program. */
export function inputOf(each: { input?: string; input_b64?: string }): Buffer {
  return each.input_b64 === undefined
    ? Buffer.from(each.input ?? '', 'utf8')
    : Buffer.from(each.input_b64, 'base64');
}
