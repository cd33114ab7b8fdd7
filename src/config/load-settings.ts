import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import type { z } from 'zod';
import { formatProblem, type Problem } from '../documents/problem.ts';
import { readYamlDocuments, schemaProblems, type YamlDocument } from '../documents/yaml-documents.ts';
import { checkSettings } from './check-settings.ts';
import { type Settings, settingsSchema } from './schema.ts';

/** Settings are wrong; the message has a line for each mistake. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/** Where settings come from, the later over the earlier: file, environment, flags. */
export interface SettingsSources {
  /** Path of the file; without it `railhead.yaml` is read if it is there. */
  readonly file?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `--set` flags: `dhcp.interfaces=[eth1]`. */
  readonly flags: readonly string[];
}

const ENVIRONMENT_PREFIX = 'RAILHEAD_';

/** Reads all settings. Throws SettingsError with every mistake at once: file, line and column, or variable or flag. */
export function loadSettings(sources: SettingsSources): Settings {
  const { file, document } = readFile(sources.file);
  const origins = new Map<string, string>();
  const value = (document?.value ?? {}) as Record<string, unknown>;
  if (document !== undefined && (typeof value !== 'object' || Array.isArray(value))) {
    throw new SettingsError(`${file}: settings are a mapping of keys`);
  }
  const problems: string[] = [];
  const override = (origin: string, keys: readonly string[], text: string): void => {
    try {
      setAt(value, keys, parse(text));
      origins.set(keys.join('.'), origin);
    } catch (error) {
      problems.push(`${origin}: ${(error as Error).message.split('\n')[0]}`);
    }
  };
  for (const [name, text] of Object.entries(sources.environment)) {
    if (!name.startsWith(ENVIRONMENT_PREFIX) || text === undefined) continue;
    const keys = findKeys(name.slice(ENVIRONMENT_PREFIX.length).toLowerCase());
    if (keys === undefined) problems.push(`${name}: there is no such setting`);
    else override(name, keys, text);
  }
  for (const flag of sources.flags) {
    const [, key, text] = /^([a-z_.]+)=(.*)$/s.exec(flag) ?? [];
    if (key === undefined || text === undefined) problems.push(`--set ${flag}: write it as key=value`);
    else override(`--set ${key}`, key.split('.'), text);
  }
  const parsed = settingsSchema.safeParse(value);
  if (!parsed.success) problems.push(...describeProblems(parsed.error, document, value, origins));
  else
    problems.push(
      ...checkSettings(parsed.data).map(({ path: at, message }) => locate(at, message, document, origins)),
    );
  if (problems.length > 0 || !parsed.success) throw new SettingsError(problems.join('\n'));
  return parsed.data;
}

function readFile(named: string | undefined): { file: string; document?: YamlDocument } {
  const file = named ?? 'railhead.yaml';
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    if (named === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') return { file };
    throw new SettingsError(`${file}: cannot be read: ${(error as Error).message}`);
  }
  const { documents, problems } = readYamlDocuments(path.normalize(file), bytes);
  if (problems.length > 0) throw new SettingsError(problems.map(formatProblem).join('\n'));
  const [document, ...rest] = documents;
  if (rest.length > 0)
    throw new SettingsError(`${file}: settings are one document, and here are ${documents.length}`);
  return { file, ...(document !== undefined && { document }) };
}

function describeProblems(
  error: z.ZodError,
  document: YamlDocument | undefined,
  value: unknown,
  origins: ReadonlyMap<string, string>,
): string[] {
  return error.issues.flatMap((issue) => {
    const origin = originOf(issue.path, origins);
    // An empty document stands in for a file that is not there: paths and wording stay the same.
    const place: YamlDocument = document ?? { ...EMPTY_DOCUMENT, value };
    const located = schemaProblems(place, { issues: [issue] } as z.ZodError);
    return located.map((problem: Problem) =>
      origin !== undefined
        ? `${origin}: ${problem.message}`
        : document === undefined
          ? problem.message
          : formatProblem(problem),
    );
  });
}

function locate(
  at: readonly PropertyKey[],
  message: string,
  document: YamlDocument | undefined,
  origins: ReadonlyMap<string, string>,
): string {
  const text = `${at.map(String).join('.')}: ${message}`;
  const origin = originOf(at, origins);
  if (origin !== undefined) return `${origin}: ${text}`;
  return document === undefined
    ? text
    : formatProblem({ file: document.file, ...document.placeOf(at), message: text });
}

const EMPTY_DOCUMENT: YamlDocument = {
  file: 'railhead.yaml',
  value: {},
  placeOf: () => ({ line: 1, column: 1 }),
  placeOfKey: () => ({ line: 1, column: 1 }),
};

function originOf(at: readonly PropertyKey[], origins: ReadonlyMap<string, string>): string | undefined {
  for (let length = at.length; length > 0; length--) {
    const origin = origins.get(at.slice(0, length).map(String).join('.'));
    if (origin !== undefined) return origin;
  }
  return undefined;
}

/** The setting that an environment variable names: `dhcp_interfaces` is `dhcp.interfaces`. */
function findKeys(name: string): string[] | undefined {
  const shape = settingsSchema.shape as Record<string, z.ZodType>;
  if (name in shape) return [name];
  const section = Object.keys(shape).find((key) => name.startsWith(`${key}_`));
  return section === undefined ? undefined : [section, name.slice(section.length + 1)];
}

function setAt(root: Record<string, unknown>, keys: readonly string[], value: unknown): void {
  let target = root;
  for (const key of keys.slice(0, -1)) {
    const next = target[key];
    if (next !== undefined && (typeof next !== 'object' || next === null))
      throw new Error(`${key} is no section`);
    target = (next ?? (target[key] = {})) as Record<string, unknown>;
  }
  const last = keys.at(-1);
  if (last === undefined || ['__proto__', 'constructor', 'prototype'].some((name) => keys.includes(name))) {
    throw new Error('there is no such setting');
  }
  target[last] = value;
}
