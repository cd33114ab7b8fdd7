import { isMap, isNode, isScalar, isSeq, LineCounter, type Node, type Pair, parseAllDocuments } from 'yaml';
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

/** Octets of one file; catalogs are written by people. */
const FILE_SIZE_MAX = 4 * 1024 * 1024;
/** Aliases may expand a document by this factor at most, which ends alias bombs. */
const ALIASES_MAX = 1000;

/**
 * Reads all documents of a YAML file; JSON is YAML. Mistakes of syntax, bytes that are no UTF-8 and keys given twice
 * become problems, all of them at once, and the documents that have none are still returned.
 */
export function readYamlDocuments(
  file: string,
  bytes: Uint8Array,
): { documents: YamlDocument[]; problems: Problem[] } {
  if (bytes.length > FILE_SIZE_MAX) {
    return {
      documents: [],
      problems: [{ file, message: `the file has ${bytes.length} bytes, more than ${FILE_SIZE_MAX}` }],
    };
  }
  const invalid = findInvalidUtf8(bytes);
  if (invalid !== undefined) {
    const problem = { file, ...invalid, message: 'this is not UTF-8; save the file in that encoding' };
    return { documents: [], problems: [problem] };
  }
  const text = new TextDecoder().decode(bytes);
  const lines = new LineCounter();
  const problems: Problem[] = [];
  const documents: YamlDocument[] = [];
  for (const document of parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
  })) {
    if (!('contents' in document)) continue;
    for (const error of document.errors) {
      problems.push({ file, ...toPlace(lines, error.pos[0]), message: describeYamlError(error.message) });
    }
    if (document.errors.length > 0) continue;
    const root = document.contents;
    // A document of comments alone, as before the first `---` of many files, says nothing.
    if (root === null || (isScalar(root) && root.value === null)) continue;
    let value: unknown;
    try {
      value = document.toJS({ maxAliasCount: ALIASES_MAX });
    } catch (error) {
      problems.push({ file, ...toPlace(lines, root.range?.[0] ?? 0), message: (error as Error).message });
      continue;
    }
    const placeOf = (path: readonly PropertyKey[]): Place =>
      toPlace(lines, findNode(root, path).range?.[0] ?? 0);
    documents.push({
      file,
      value,
      placeOf,
      placeOfKey(path, key) {
        const parent = findNode(root, path);
        const pair = isMap(parent) ? findPair(parent.items, key) : undefined;
        return isNode(pair?.key) ? toPlace(lines, pair.key.range?.[0] ?? 0) : placeOf(path);
      },
    });
  }
  return { documents, problems };
}

/** What a schema finds wrong, at the places in the file. */
export function schemaProblems(document: YamlDocument, error: z.ZodError): Problem[] {
  return error.issues.flatMap((issue): Problem[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        file: document.file,
        ...document.placeOfKey(issue.path, key),
        message: `unknown key "${key}"`,
      }));
    }
    const name = issue.path.length === 0 ? '' : `${issue.path.map(String).join('.')}: `;
    return [
      {
        file: document.file,
        ...document.placeOf(issue.path),
        message: `${name}${describeIssue(issue, document.value)}`,
      },
    ];
  });
}

function describeIssue(issue: z.core.$ZodIssue, root: unknown): string {
  if (issue.code === 'invalid_type') {
    const actual = valueAt(root, issue.path);
    if (actual === undefined) return 'required, and missing';
    const found =
      actual === null
        ? 'nothing'
        : Array.isArray(actual)
          ? 'a list'
          : typeof actual === 'object'
            ? 'a mapping'
            : `${JSON.stringify(actual)} (${typeof actual})`;
    const hint = issue.expected === 'string' && typeof actual !== 'object' ? '; put it in quotes' : '';
    return `must be ${describeType(issue.expected)}, not ${found}${hint}`;
  }
  if (issue.code === 'invalid_union')
    return 'must be text, a list of texts, or one of cidr, in, not_in, prefix, regex, exists';
  if (issue.code === 'invalid_value') {
    const [last, ...others] = issue.values.map(String).reverse();
    const choices = others.length === 0 ? last : `${others.reverse().join(', ')} or ${last}`;
    return `must be ${choices}, not ${JSON.stringify(valueAt(root, issue.path))}`;
  }
  if (issue.code === 'too_small' || issue.code === 'too_big') return describeBound(issue, root);
  return issue.message;
}

/** A number out of its bounds, in words; other bounds have a message of their own in the schema. */
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
  return message
    .replace(/ at line \d+, column \d+:?[\s\S]*$/, '')
    .replace(/^Map keys must be unique$/, 'this key is given twice');
}

/** The node at the path, or the last one on the way to it. */
function findNode(root: Node, path: readonly PropertyKey[]): Node {
  let node: Node = root;
  for (const key of path) {
    let next: unknown;
    if (isMap(node)) next = findPair(node.items, String(key))?.value;
    else if (isSeq(node) && typeof key === 'number') next = node.items[key];
    if (!isNode(next)) return node;
    node = next;
  }
  return node;
}

function findPair(items: readonly Pair[], key: string): Pair | undefined {
  return items.find((pair) => isScalar(pair.key) && String(pair.key.value) === key);
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
    // Halving finds the first place where a decoder gives up, without a decoder of our own.
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
