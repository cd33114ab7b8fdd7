import type { YamlNode } from '../../butane/yaml/node.ts';
import { readYaml } from '../../butane/yaml/read-yaml.ts';
import { YamlError } from '../../butane/yaml/yaml-error.ts';
import { type Entry, formatPath, type Path } from '../../ignition/report.ts';
import { describeHeader, findSecondDocument } from './butane-header.ts';
import { recogniseForButane, recogniseForIgnition } from './foreign-config.ts';
import type { RenderedSource } from './rendered-source.ts';
import { TemplateError } from './template-error.ts';
import { describeTypeMismatch } from './type-mismatch.ts';

/** Faults of one source that are reported. */
const FAULTS_MAX = 50;

/** Something about a template, in the words of an operator. */
export interface TemplateNote {
  readonly template: string;
  /** Counted from 1; absent when the place is not known. */
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
}

/** Reasons of Butane for which the first keys of the document must be looked at. */
const NO_TRANSLATOR =
  /^error parsing (?:variant|version)|into config\.commonFields|^No translator exists|variant has been removed/;

/** All errors among the entries of a report, as one; `reason` and `place` say why where there is no entry. */
export function sourceFaults(
  source: RenderedSource,
  entries: readonly Entry[],
  reason: string,
  place?: { readonly line: number; readonly col: number },
): TemplateError {
  const errors = entries.filter(({ kind }) => kind === 'error').slice(0, FAULTS_MAX);
  const notes = errors.length > 0 ? describeEntries(source, errors) : describeReason(source, reason, place);
  const [first, ...further] = notes.map(
    ({ message, line, column }) =>
      new TemplateError(source.name, message, line === undefined ? undefined : { line, column: column ?? 1 }),
  );
  if (first === undefined) throw new Error('A config is invalid for a reason.');
  return first.with(further);
}

/** Entries of a report about a source, with the names of items and places in the template. */
export function describeEntries(source: RenderedSource, entries: readonly Entry[]): TemplateNote[] {
  if (entries.length === 0) return [];
  const foreign =
    isIgnition(source.name) && entries.length === 1 ? recogniseForIgnition(source.text) : undefined;
  if (foreign !== undefined && entries[0]?.path.length === 0) {
    return [{ template: source.name, message: foreign.message, ...placeInTemplate(source, foreign.line) }];
  }
  const root = itemTree(source);
  return entries.map((entry) => ({
    template: source.name,
    message: `${withoutValues(source, describePath(entry.path, root, source))}${describeMessage(source, entry)}`,
    ...placeInTemplate(source, entry.line, entry.col),
  }));
}

/** The message of an entry without values of metadata; encoding/json does not say that a text is not JSON. */
function describeMessage(source: RenderedSource, { message, path }: Entry): string {
  const isSyntax = path.length === 0 && /^(?:invalid character|unexpected end)/.test(message);
  const what = isSyntax && isIgnition(source.name) ? `not valid JSON: ${message}` : message;
  return describeTypeMismatch(withoutValues(source, what));
}

/** A warning about YAML documents behind the first one of a source. */
export function describeFurtherDocuments(source: RenderedSource): TemplateNote[] {
  const line = findSecondDocument(source.text);
  if (line === undefined) return [];
  const message =
    'another YAML document begins here, and Butane reads only the first one: move it to a file of its own, and name that in the ignition list of the profile';
  return [{ template: source.name, message, ...placeInTemplate(source, line) }];
}

/** Why a text could not be parsed, with advice if its kind is recognised. */
function describeReason(
  source: RenderedSource,
  reason: string,
  place: { readonly line: number; readonly col: number } | undefined,
): TemplateNote[] {
  const note = (message: string, line?: number, column?: number, key = ''): TemplateNote => ({
    template: source.name,
    message: `${key}${describeTypeMismatch(withoutValues(source, message))}`,
    ...placeInTemplate(source, line, column),
  });
  // Advice quotes nothing of the document unless it says so.
  const advice = (message: string, line: number, column?: number): TemplateNote[] => [
    { template: source.name, message, ...placeInTemplate(source, line, column) },
  ];
  if (isIgnition(source.name)) {
    const foreign = recogniseForIgnition(source.text);
    if (foreign !== undefined) return advice(foreign.message, foreign.line);
  } else if (NO_TRANSLATOR.test(reason)) {
    const fault = describeHeader(source.text);
    if (fault === undefined) {
      const { message, line } = recogniseForButane(source.text);
      return advice(message, line);
    }
    const { line, column, message, quotes } = fault;
    const isShown = quotes === undefined || isWritten(source, quotes);
    return advice(isShown ? message : message.replace(quotes, '(not shown)'), line, column);
  }
  // go-yaml lists what does not fit its type, a line each, and the line numbers are right there.
  const [head = '', ...listed] = reason.split('\n');
  if (listed.length > 0 && head.endsWith('unmarshal errors:')) {
    return listed.slice(0, FAULTS_MAX).map((text) => {
      const [, line, message = text.trim()] = /^\s*line (\d+): (.*)$/.exec(text) ?? [];
      if (line === undefined) return note(message);
      return note(message, Number(line), undefined, keyOfScalar(source, Number(line), message));
    });
  }
  // The place is exact, and go-yaml's line is not.
  const exact = reason.replace(
    /^(?:Error unmarshaling )?yaml: (?:yaml: )?(?:line \d+: )?/,
    'not valid YAML: ',
  );
  return [note(exact.replaceAll(/\n */g, ' '), place?.line, place?.col)];
}

/** The key of a value of the wrong type; a list or a mapping often begins on the line after its key. */
function keyOfScalar(source: RenderedSource, line: number, message: string): string {
  if (!/^cannot unmarshal !!\w+ `/.test(message)) return '';
  const key = /^[\s-]*([\w-]+):/.exec(source.text.split('\n')[line - 1] ?? '')?.[1];
  return key !== undefined && isWritten(source, key) ? `${key}: ` : '';
}

/** Whether a template is Ignition by its name; anything else is Butane. */
export function isIgnition(name: string): boolean {
  return /\.(ign|ignition|json)$/.test(name);
}

/**
 * The place of an entry: by the name of its item, `/etc/motd: mode: `, if the template contains that name; otherwise as
 * in the report, `$.storage.files.0.mode: `.
 */
function describePath(path: Path, root: ItemTree | undefined, source: RenderedSource): string {
  if (path.length === 0) return '';
  // A key that is not in the template comes from metadata.
  const safeStep = (step: string | number): string | number =>
    typeof step === 'string' && source.text.includes(step) && !isWritten(source, step) ? '(not shown)' : step;
  const index = path.findLastIndex((step) => typeof step === 'number');
  for (let length = index + 1; length > 0 && root !== undefined; length--) {
    if (typeof path[length - 1] !== 'number') continue;
    const name = root.nameOf(path.slice(0, length));
    if (name === undefined || !isWritten(source, name)) continue;
    const rest = path.slice(length).map(safeStep).join('.');
    return rest === '' ? `${name}: ` : `${name}: ${rest}: `;
  }
  return `${formatPath(path.map(safeStep))}: `;
}

/** The names of list items in the rendered text. */
interface ItemTree {
  nameOf(path: Path): string | undefined;
}

function isName(text: unknown): text is string {
  return typeof text === 'string' && text !== '' && text.length <= 200 && !text.includes('\n');
}

/** Files are known by their paths, units and users by their names. */
const NAME_KEYS = ['path', 'name', 'device'];

function itemTree(source: RenderedSource): ItemTree | undefined {
  try {
    if (!isIgnition(source.name)) {
      const root = readYaml(source.text);
      return root && { nameOf: (path) => nameInYaml(root, path) };
    }
    const root = JSON.parse(source.text) as unknown;
    return { nameOf: (path) => nameInJson(root, path) };
  } catch (error) {
    if (error instanceof YamlError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function nameInJson(root: unknown, path: Path): string | undefined {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  if (typeof value !== 'object' || value === null) return undefined;
  for (const key of NAME_KEYS) {
    const name = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
    if (isName(name)) return name;
  }
  return undefined;
}

function nameInYaml(root: YamlNode, path: Path): string | undefined {
  const follow = (node: YamlNode): YamlNode => (node.kind === 'alias' ? node.target : node);
  const member = (node: YamlNode, key: string): YamlNode | undefined => {
    const mapping = follow(node);
    if (mapping.kind !== 'mapping') return undefined;
    return mapping.pairs.find((pair) => pair.key.kind === 'scalar' && pair.key.value === key)?.value;
  };
  let node: YamlNode | undefined = root;
  for (const step of path) {
    if (node === undefined) return undefined;
    const list: YamlNode = follow(node);
    if (typeof step === 'number') node = list.kind === 'sequence' ? list.items[step] : undefined;
    else node = member(node, step);
  }
  if (node === undefined) return undefined;
  for (const key of NAME_KEYS) {
    const value = member(node, key);
    if (value?.kind === 'scalar' && isName(value.value)) return value.value;
  }
  return undefined;
}

/** Whether a text stands in the template itself, so that it is not a value of metadata. */
function isWritten({ template, text }: RenderedSource, part: string): boolean {
  return template === text || template.includes(part);
}

/** What may be quoted in messages, in the words of go-yaml, encoding/json, Ignition and Butane. */
const QUOTED = [
  /"((?:[^"\\]|\\.)*)"/g,
  /`([^`]*)`/g,
  /'([^']{2,})'/g,
  /\bunused key (.+)$/g,
  /\bkey (.+) is repeated/g,
  /\bnumber (\S+) into\b/g,
  /\bexpected base64, got (.+)$/g,
  /\bvariant (\S+) with version\b/g,
  /\bwith version (\S+)$/g,
  /\b(?:open|read|stat|lstat|readlink) (.+?): (?:no such|permission|is a|not a|too many|file name|larger|operation)/g,
];

/** The message without quoted texts that are not in the template itself: they may be values of metadata. */
function withoutValues(source: RenderedSource, message: string): string {
  if (source.template === source.text) return message;
  let safe = message;
  for (const pattern of QUOTED) {
    safe = safe.replace(pattern, (whole: string, quoted: string) => {
      const shown = quoted.replace(/\.\.\.$/, '');
      return shown === '' || isWritten(source, shown) || isWritten(source, shown.replace(/^profiles\//, ''))
        ? whole
        : whole.replace(quoted, '(not shown)');
    });
  }
  return safe;
}

/**
 * Where in the template the rendered line comes from: the nearest line with the same text, or else the line with the
 * same number, which is right as long as no block before it grew or vanished.
 */
function placeInTemplate(
  source: RenderedSource,
  line: number | undefined,
  column?: number,
): { line: number; column: number } | undefined {
  if (line === undefined) return undefined;
  const written = source.template.split('\n');
  const rendered = source.text.split('\n')[line - 1];
  let best: number | undefined;
  written.forEach((text, index) => {
    if (text !== rendered) return;
    if (best === undefined || Math.abs(index + 1 - line) < Math.abs(best - line)) best = index + 1;
  });
  return { line: best ?? Math.min(line, written.length), column: column ?? 1 };
}
