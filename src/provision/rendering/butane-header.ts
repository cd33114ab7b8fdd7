import { versionsOf } from '../../butane/variants.ts';
import { keyText, type YamlNode, type YamlPair } from '../../butane/yaml/node.ts';
import { readYaml } from '../../butane/yaml/read-yaml.ts';
import { YamlError } from '../../butane/yaml/yaml-error.ts';

/** What is wrong with the variant or version of a Butane document, and what to write. */
export interface HeaderFault {
  /** Counted from 1, as is the column. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** Text of the document that the message contains. */
  readonly quotes?: string;
}

const NEWEST = versionsOf('flatcar').findLast((version) => !version.endsWith('-experimental')) ?? '';

/**
 * Finds out why Butane has no translator for a document: `variant` or `version` is missing, empty, misspelt or not
 * known, or the document is empty and another one follows. Undefined for other texts that do not have these keys.
 */
export function describeHeader(text: string): HeaderFault | undefined {
  const root = parse(text);
  if (root?.kind !== 'mapping') return describeEmptyDocument(text);
  const find = (name: string): YamlPair | undefined => root.pairs.find(({ key }) => keyText(key) === name);
  const variant = find('variant');
  if (variant === undefined) return describeMisspelt(root.pairs, 'variant', 'flatcar');
  const name = textOf(variant.value);
  if (name === '')
    return { ...placeOf(variant.key), message: 'variant has no name: write "variant: flatcar"' };
  const known = versionsOf(name);
  if (known.length === 0) {
    const message = `Railhead does not compile variant ${name}: write "variant: flatcar", and "version: ${NEWEST}"`;
    return { ...placeOf(variant.key), message, quotes: name };
  }
  const choice = `write one of ${known.join(', ')}`;
  const version = find('version');
  if (version === undefined) {
    const message = `version is missing: ${choice}`;
    return describeMisspelt(root.pairs, 'version', NEWEST) ?? { ...placeOf(variant.key), message };
  }
  const given = textOf(version.value);
  if (given === '') return { ...placeOf(version.key), message: `version has no number: ${choice}` };
  const message = `there is no version ${given} of variant ${name}: ${choice}`;
  return { ...placeOf(version.key), message, quotes: given };
}

/**
 * The line where a second document begins, counted from 1; undefined if there is none. Butane reads the first document
 * of a stream and ignores the others without a warning.
 */
export function findSecondDocument(text: string): number | undefined {
  const lines = text.split('\n');
  const first = lines.findIndex(isContent);
  if (first < 0) return undefined;
  // At the beginning of a line these marks end a document, even inside a text (YAML 1.2 section 9.1.2).
  const mark = lines.findIndex((line, index) => index > first && /^(?:---|\.\.\.)(?:\s|$)/.test(line));
  return mark >= 0 && lines.slice(mark).some(isContent) ? mark + 1 : undefined;
}

function describeEmptyDocument(text: string): HeaderFault | undefined {
  const lines = text.split('\n');
  const first = lines.findIndex(isContent);
  const marks = lines.flatMap((line, index) => (index < first && line.startsWith('---') ? [index] : []));
  const [, second] = marks;
  if (second === undefined) return undefined;
  const message =
    'the first YAML document is empty, and Butane reads only the first: remove this line, which begins another';
  return { line: second + 1, column: 1, message };
}

/** Whether a line is neither blank nor a comment, a directive or a mark between documents. */
function isContent(line: string): boolean {
  return !/^\s*(?:#.*)?$|^(?:---|\.\.\.)\s*(?:#.*)?$|^%/.test(line);
}

function describeMisspelt(pairs: readonly YamlPair[], name: string, value: string): HeaderFault | undefined {
  const pair = pairs.find(({ key }) => keyText(key).toLowerCase() === name);
  if (pair === undefined) return undefined;
  const message = `the key is written in lower case: write "${name}: ${value}"`;
  return { ...placeOf(pair.key), message };
}

function parse(text: string): YamlNode | undefined {
  try {
    return readYaml(text);
  } catch (error) {
    if (error instanceof YamlError) return undefined;
    throw error;
  }
}

/** The text of a scalar; empty for null and for collections. */
function textOf(value: YamlNode): string {
  const node = value.kind === 'alias' ? value.target : value;
  return node.kind === 'scalar' && !(node.style === 'plain' && /^(?:~|null)$/i.test(node.value))
    ? node.value
    : '';
}

function placeOf({ line, col }: YamlNode): { line: number; column: number } {
  return { line, column: col };
}
