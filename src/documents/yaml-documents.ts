import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  type YAMLMap,
} from 'yaml';
import type { z } from 'zod';
import type { Problem } from './problem.ts';

/** A place in a file, counted from 1; columns count characters. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** One YAML document with the places of what is in it. */
export interface YamlDocument {
  readonly file: string;
  readonly value: unknown;
  /** The place of a value, or of the nearest thing around it that exists. */
  placeOf(path: readonly PropertyKey[]): Place;
  /** The place of a key of the mapping at `path`. */
  placeOfKey(path: readonly PropertyKey[], key: string): Place;
}

/** Maximum size of one file in bytes; documents are written by people. */
export const DOCUMENT_SIZE_MAX = 4 * 1024 * 1024;
/** Aliases may expand a document by this factor at most, which prevents alias bombs. */
const ALIASES_MAX = 1000;
/** Maximum nesting of collections. */
const DEPTH_MAX = 100;
/**
 * Maximum number of problems that are reported for one document; a generated file may have one in each of its thousands
 * of lines.
 */
const PROBLEMS_MAX = 100;

/** The result of reading a file. */
export interface ReadDocuments {
  readonly documents: readonly YamlDocument[];
  readonly problems: readonly Problem[];
  /** What could be parsed of documents with syntax errors. Use it only to find out which document is meant. */
  readonly fragments: readonly unknown[];
}

/**
 * Reads all documents of a YAML file; JSON is YAML. Syntax errors, invalid UTF-8, duplicate keys and aliases that
 * contain themselves are all reported as problems, and documents without problems are still returned. Takes time linear
 * in the file's size.
 */
export function readYamlDocuments(file: string, bytes: Uint8Array): ReadDocuments {
  if (bytes.length > DOCUMENT_SIZE_MAX) {
    return failed({ file, message: `the file has ${bytes.length} bytes, more than ${DOCUMENT_SIZE_MAX}` });
  }
  const invalid = findInvalidUtf8(bytes);
  if (invalid !== undefined) {
    return failed({ file, ...invalid, message: 'this is not UTF-8; save the file in that encoding' });
  }
  const source = new YamlSource(new TextDecoder().decode(bytes));
  const problems: Problem[] = [];
  const documents: YamlDocument[] = [];
  const fragments: unknown[] = [];
  let parsed: ParsedFile;
  try {
    parsed = source.parse();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return failed({ file, message: `collections are nested more than ${DEPTH_MAX} deep` });
  }
  parsed.documents.forEach((document, index) => {
    const root = document.contents;
    // A document of comments alone, as before the first `---` of many files, is skipped.
    const isEmpty = root === null || (isScalar(root) && root.value === null);
    const faults = [
      ...document.errors.map((error) => ({
        offset: error.pos[0],
        message: describeYamlError(error.message),
      })),
      ...(isEmpty ? [] : checkNodes(root)),
    ];
    for (const { offset, message } of faults.slice(0, PROBLEMS_MAX)) {
      problems.push({ file, ...toPlace(parsed.lines, offset), message });
    }
    try {
      const value: unknown = isEmpty ? null : document.toJS({ maxAliasCount: ALIASES_MAX });
      if (faults.length > 0) fragments.push(value);
      else if (!isEmpty) documents.push(placedDocument(file, value, source, index));
    } catch (error) {
      // The problems found so far already explain it, for example an alias that contains itself.
      if (faults.length > 0) return;
      const message = (error as Error).message;
      problems.push({ file, ...toPlace(parsed.lines, root?.range?.[0] ?? 0), message });
    }
  });
  return { documents, problems, fragments };
}

function failed(problem: Problem): ReadDocuments {
  return { documents: [], problems: [problem], fragments: [] };
}

interface ParsedFile {
  readonly documents: readonly Document.Parsed[];
  readonly lines: LineCounter;
}

/**
 * The text of a file. The nodes of a document take some thirty times the memory of its text and are needed only to
 * place errors, so only those of one file are kept, and others are parsed again when needed.
 */
class YamlSource {
  static #newest: { readonly source: YamlSource; readonly parsed: ParsedFile } | undefined;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): ParsedFile {
    if (YamlSource.#newest?.source === this) return YamlSource.#newest.parsed;
    const lines = new LineCounter();
    const documents = parseAllDocuments(this.#text, {
      lineCounter: lines,
      prettyErrors: false,
      merge: true,
      // The library compares every key with every other; checkNodes does it in linear time.
      uniqueKeys: false,
      // Without this the library prints warnings, for one about mappings as keys, to standard error.
      logLevel: 'error',
    });
    const parsed = { documents: 'empty' in documents ? [] : documents, lines };
    YamlSource.#newest = { source: this, parsed };
    return parsed;
  }
}

/** A document with its places; a plain object, so that it can be copied. */
function placedDocument(file: string, value: unknown, source: YamlSource, index: number): YamlDocument {
  const find = (path: readonly PropertyKey[]): { lines: LineCounter; node: Node | undefined } => {
    const { documents, lines } = source.parse();
    const root = documents[index]?.contents;
    return { lines, node: root == null ? undefined : findNode(root, path) };
  };
  const placeOf = (path: readonly PropertyKey[]): Place => {
    const { lines, node } = find(path);
    return toPlace(lines, node?.range?.[0] ?? 0);
  };
  return {
    file,
    value,
    placeOf,
    placeOfKey(path, key) {
      const { lines, node } = find(path);
      const pair = isMap(node) ? pairsOf(node).get(key) : undefined;
      return isNode(pair?.key) ? toPlace(lines, pair.key.range?.[0] ?? 0) : placeOf(path);
    },
  };
}

interface Fault {
  readonly offset: number;
  readonly message: string;
}

/** Checks that the parser does not make: duplicate keys, aliases that contain themselves, and depth. */
function checkNodes(root: Node): Fault[] {
  const faults: Fault[] = [];
  const anchors = new Map<string, Node>();
  const open = new Set<Node>();
  const visit = (node: unknown, depth: number): void => {
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      if (target !== undefined && open.has(target)) {
        const message = `*${node.source} refers to a value that contains it, which would never end`;
        faults.push({ offset: node.range?.[0] ?? 0, message });
      }
      return;
    }
    if (!isMap(node) && !isSeq(node)) {
      if (isScalar(node) && node.anchor !== undefined) anchors.set(node.anchor, node);
      return;
    }
    if (node.anchor !== undefined) anchors.set(node.anchor, node);
    if (depth > DEPTH_MAX) {
      const message = `collections are nested more than ${DEPTH_MAX} deep`;
      faults.push({ offset: node.range?.[0] ?? 0, message });
      return;
    }
    open.add(node);
    if (isSeq(node)) for (const item of node.items) visit(item, depth + 1);
    else visitMap(node, depth);
    open.delete(node);
  };
  const visitMap = (map: YAMLMap, depth: number): void => {
    const seen = new Set<unknown>();
    for (const { key, value } of map.items) {
      if (isScalar(key)) {
        // Merge keys may stand side by side.
        if (seen.has(key.value) && key.value !== '<<')
          faults.push({ offset: key.range?.[0] ?? 0, message: 'this key appears twice' });
        seen.add(key.value);
      }
      visit(key, depth + 1);
      visit(value, depth + 1);
    }
  };
  visit(root, 0);
  return faults;
}

/** Returns what to write in place of a key that the schema does not have; undefined if there is no advice. */
export type DescribeKey = (path: readonly PropertyKey[], key: string, value: unknown) => string | undefined;

/** The errors that a schema finds, with their places in the file. */
export function schemaProblems(
  document: YamlDocument,
  error: z.ZodError,
  describeKey: DescribeKey = () => undefined,
): Problem[] {
  return schemaFaults(document.value, error, describeKey).map(({ key, message, path }) => ({
    file: document.file,
    ...(key === undefined ? document.placeOf(path) : document.placeOfKey(path, key)),
    message: key === undefined && path.length > 0 ? `${path.map(String).join('.')}: ${message}` : message,
  }));
}

/** One error that a schema finds in a value. */
export interface SchemaFault {
  readonly path: readonly PropertyKey[];
  /** A key of the mapping at `path` that the schema does not have. */
  readonly key?: string;
  readonly message: string;
}

/** The errors that a schema finds in a value, in the words of `schemaProblems`. */
export function schemaFaults(
  value: unknown,
  error: z.ZodError,
  describeKey: DescribeKey = () => undefined,
): SchemaFault[] {
  return error.issues.slice(0, PROBLEMS_MAX).flatMap((found): SchemaFault[] => {
    const issue = narrowUnion(found);
    const { path } = issue;
    if (issue.code !== 'unrecognized_keys') return [{ path, message: describeIssue(issue, value) }];
    return issue.keys.slice(0, PROBLEMS_MAX).map((key) => ({
      path,
      key,
      message: describeKey(path, key, valueAt(value, [...path, key])) ?? `unknown key "${key}"`,
    }));
  });
}

/**
 * What is wrong with a value that may be of several kinds: with the kind that it is of, if there is one; otherwise the
 * issue as it is.
 */
function narrowUnion(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union' || issue.message !== 'Invalid input') return issue;
  for (const [first] of issue.errors) {
    const isOfKind =
      first !== undefined &&
      (first.path.length > 0 || (first.code !== 'invalid_type' && first.code !== 'invalid_value'));
    if (isOfKind) return narrowUnion({ ...first, path: [...issue.path, ...first.path] });
  }
  return issue;
}

function describeIssue(issue: z.core.$ZodIssue, root: unknown): string {
  // A value of metadata may be a secret.
  if (issue.path[0] === 'metadata') return 'must be text, a number, true, false, null, a list or a mapping';
  if (issue.code === 'invalid_type') {
    const actual = valueAt(root, issue.path);
    if (actual === undefined) return 'required, and missing';
    const found = describeValue(actual);
    return `must be ${describeType(issue.expected)}, not ${found}${hintForText([issue], actual)}`;
  }
  if (issue.code === 'invalid_union' && issue.message === 'Invalid input') {
    const firsts = issue.errors.flatMap(([first]) => (first === undefined ? [] : [first]));
    const actual = valueAt(root, issue.path);
    const kinds = firsts.map(describeExpected).join(' or ');
    return `must be ${kinds}, not ${describeValue(actual)}${hintForText(firsts, actual)}`;
  }
  if (issue.code === 'invalid_value') {
    const [last, ...others] = issue.values.map(String).reverse();
    const choices = others.length === 0 ? last : `${others.reverse().join(', ')} or ${last}`;
    return `must be ${choices}, not ${JSON.stringify(valueAt(root, issue.path))}`;
  }
  if (issue.code === 'too_small' || issue.code === 'too_big') return describeBound(issue, root);
  return issue.message;
}

/** YAML reads a MAC address of twelve digits as a number, and `no` as false. */
function hintForText(issues: readonly z.core.$ZodIssue[], actual: unknown): string {
  const wantsText = issues.some((issue) => issue.code === 'invalid_type' && issue.expected === 'string');
  return wantsText && typeof actual !== 'object' ? '; put it in quotes' : '';
}

/** A message for a number outside its bounds; other bounds have a message of their own in the schema. */
function describeBound(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig, root: unknown): string {
  const actual = valueAt(root, issue.path);
  if (typeof actual !== 'number') return issue.message;
  const bound = issue.code === 'too_small' ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
  return `must be ${bound}, not ${actual}`;
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    root,
  );
}

function describeExpected(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return issue.values.map(String).join(' or ');
  return issue.code === 'invalid_type' ? describeType(issue.expected) : issue.message;
}

function describeValue(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a mapping' : `${JSON.stringify(value)} (${typeof value})`;
}

function describeType(expected: string): string {
  const names: Readonly<Record<string, string>> = {
    string: 'text',
    array: 'a list',
    object: 'a mapping',
    record: 'a mapping',
    boolean: 'true or false',
    int: 'a whole number',
    number: 'a whole number',
  };
  return names[expected] ?? expected;
}

function describeYamlError(message: string): string {
  return message.replace(/ at line \d+, column \d+:?[\s\S]*$/, '');
}

/** The node at the path, or the last one on the way to it. */
function findNode(root: Node, path: readonly PropertyKey[]): Node {
  let node: Node = root;
  for (const key of path) {
    let next: unknown;
    if (isMap(node)) next = pairsOf(node).get(String(key))?.value;
    else if (isSeq(node) && typeof key === 'number') next = node.items[key];
    if (!isNode(next)) return node;
    node = next;
  }
  return node;
}

const pairsOfMaps = new WeakMap<YAMLMap, Map<string, Pair>>();

/** The pairs of a mapping by their keys. */
function pairsOf(map: YAMLMap): ReadonlyMap<string, Pair> {
  let pairs = pairsOfMaps.get(map);
  if (pairs === undefined) {
    pairs = new Map();
    for (const pair of map.items) {
      if (isScalar(pair.key) && !pairs.has(String(pair.key.value))) pairs.set(String(pair.key.value), pair);
    }
    pairsOfMaps.set(map, pairs);
  }
  return pairs;
}

function toPlace(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function findInvalidUtf8(bytes: Uint8Array): Place | undefined {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return undefined;
  } catch {
    // A binary search finds the first place where the decoder fails.
    let good = 0;
    let bad = bytes.length;
    while (bad - good > 1) {
      const middle = (good + bad) >> 1;
      try {
        new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, middle), { stream: true });
        good = middle;
      } catch {
        bad = middle;
      }
    }
    const before = new TextDecoder().decode(bytes.subarray(0, good), { stream: true }).split('\n');
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  }
}
