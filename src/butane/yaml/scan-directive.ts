import { isBlank, isBreakOrEnd, isSpaceOrEnd, isWord } from './cursor.ts';
import type { Cursor, Mark } from './cursor.ts';
import { scanTagHandle, scanTagUri } from './scan-tag.ts';

/** A directive line: the version that it requires, or a tag handle and its prefix. */
export type Directive =
  | { readonly kind: 'version'; readonly version: string }
  | { readonly kind: 'tag'; readonly handle: string; readonly prefix: string };

const HASH = 0x23;

/** Reads a directive from its percent sign to the start of the next line (YAML 1.1 section 7.1). */
export function scanDirective(cursor: Cursor): Directive {
  const start = cursor.mark;
  cursor.skip();
  const name = scanName(cursor, start);
  let directive: Directive;
  if (name === 'YAML') directive = { kind: 'version', version: scanVersion(cursor, start) };
  else if (name === 'TAG') directive = { kind: 'tag', ...scanTagPrefix(cursor, start) };
  else throw cursor.error('found unknown directive name', start);

  cursor.skipBlanks();
  if (cursor.at() === HASH) cursor.skipToLineEnd();
  if (!isBreakOrEnd(cursor.at())) throw cursor.error('did not find expected comment or line break', start);
  if (!cursor.ended) cursor.skipBreak();
  return directive;
}

function scanName(cursor: Cursor, start: Mark): string {
  let length = 0;
  while (isWord(cursor.at(length))) length++;
  const name = cursor.text.slice(cursor.offset, cursor.offset + length);
  cursor.skip(length);
  if (length === 0) throw cursor.error('could not find expected directive name', start);
  if (!isSpaceOrEnd(cursor.at())) throw cursor.error('found unexpected non-alphabetical character', start);
  return name;
}

function scanVersion(cursor: Cursor, start: Mark): string {
  cursor.skipBlanks();
  const major = scanVersionNumber(cursor, start);
  if (!cursor.sees('.')) throw cursor.error("did not find expected digit or '.' character", start);
  cursor.skip();
  return `${major}.${scanVersionNumber(cursor, start)}`;
}

function scanVersionNumber(cursor: Cursor, start: Mark): number {
  let length = 0;
  while (cursor.at(length) >= 0x30 && cursor.at(length) <= 0x39) length++;
  if (length === 0) throw cursor.error('did not find expected version number', start);
  if (length > 2) throw cursor.error('found extremely long version number', start);
  const number = Number(cursor.text.slice(cursor.offset, cursor.offset + length));
  cursor.skip(length);
  return number;
}

function scanTagPrefix(cursor: Cursor, start: Mark) {
  cursor.skipBlanks();
  const handle = scanTagHandle(cursor, true, start);
  if (!isBlank(cursor.at())) throw cursor.error('did not find expected whitespace', start);
  cursor.skipBlanks();
  const prefix = scanTagUri(cursor, '', start);
  if (!isSpaceOrEnd(cursor.at())) throw cursor.error('did not find expected whitespace or line break', start);
  return { handle, prefix };
}
