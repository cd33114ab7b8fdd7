import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { z } from 'zod';
import { formatProblem } from '../documents/problem.ts';
import { readYamlDocuments, schemaProblems, type YamlDocument } from '../documents/yaml-documents.ts';
import { checkSettings } from './check-settings.ts';
import { resolvePaths } from './resolve-paths.ts';
import { reviewSettings } from './review-settings.ts';
import { type Settings, settingsSchema } from './schema.ts';
import { applyOverrides, type Overrides } from './setting-overrides.ts';

/** Thrown for invalid settings; the message has a line for each mistake. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/** The sources of settings, in rising precedence: file, environment, flags. */
export interface SettingsSources {
  /** Path of the file; if absent, `railhead.yaml` in the working directory is read if it exists. */
  readonly file?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `--set` flags: `dhcp.interfaces=[eth1]`. */
  readonly flags: readonly string[];
}

/** Valid settings, with warnings. */
export interface ReviewedSettings {
  readonly settings: Settings;
  /** A line for each warning: file, line and column, or variable or flag, and the text. */
  readonly warnings: readonly string[];
  /** Puts the place of a setting before a message about it, as for a warning. */
  readonly locateAt: (at: readonly PropertyKey[], message: string) => string;
}

/** The settings file that is read if none is named and it exists in the working directory. */
export const DEFAULT_FILE = 'railhead.yaml';

/**
 * Reads all settings; paths in them are made absolute. Throws SettingsError with every mistake at once: file, line and
 * column, or variable or flag.
 */
export function loadSettings(sources: SettingsSources): Settings {
  return load(sources).settings;
}

/** Like `loadSettings`, with warnings about valid settings. */
export function loadReviewedSettings(sources: SettingsSources): ReviewedSettings {
  const { locateAt, settings } = load(sources);
  return {
    settings,
    locateAt,
    warnings: reviewSettings(settings).map(({ message, path: at }) => locateAt(at, message)),
  };
}

interface Loaded {
  readonly settings: Settings;
  /** Puts the place of a setting before a message. */
  readonly locateAt: (at: readonly PropertyKey[], message: string) => string;
}

function load(sources: SettingsSources): Loaded {
  const document = readFile(sources.file);
  const value = (document?.value ?? {}) as Record<string, unknown>;
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new SettingsError(`${document?.file}: settings are a mapping of keys, as in http: {listen: [...]}`);
  }
  const overrides = applyOverrides(value, sources.environment, sources.flags, settingsSchema.shape);
  const locateAt: Loaded['locateAt'] = (at, message) => locate(at, message, document, overrides);
  const parsed = settingsSchema.safeParse(value);
  const problems = [...overrides.problems];
  if (!parsed.success) problems.push(...describeIssues(parsed.error, document, value, overrides));
  else {
    for (const { path: at, message } of checkSettings(parsed.data)) problems.push(locateAt(at, message));
  }
  if (problems.length > 0 || !parsed.success) throw new SettingsError(problems.join('\n'));
  const folder = document === undefined ? '.' : path.dirname(document.file);
  const settings = resolvePaths(settingsSchema, parsed.data, (at) =>
    path.resolve(overrides.originOf(at) === undefined ? folder : '.'),
  );
  return { settings, locateAt };
}

function readFile(named: string | undefined): YamlDocument | undefined {
  const file = path.normalize(named ?? DEFAULT_FILE);
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    if (named === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new SettingsError(`${file}: cannot be read: ${(error as Error).message}`);
  }
  const { documents, problems } = readYamlDocuments(file, bytes);
  if (problems.length > 0) throw new SettingsError(problems.map(formatProblem).join('\n'));
  const [document, ...rest] = documents;
  if (rest.length > 0) {
    throw new SettingsError(
      `${file}: the file must hold exactly one YAML document, but has ${documents.length}`,
    );
  }
  // A file of comments alone sets nothing, but paths are relative to it all the same.
  return document ?? emptyDocument(file);
}

function emptyDocument(file: string): YamlDocument {
  const start = (): { line: number; column: number } => ({ line: 1, column: 1 });
  return { file, value: {}, placeOf: start, placeOfKey: start };
}

function describeIssues(
  error: z.ZodError,
  document: YamlDocument | undefined,
  value: unknown,
  overrides: Overrides,
): string[] {
  // An empty document replaces a missing file: paths and wording stay the same.
  const place: YamlDocument = { ...(document ?? emptyDocument(DEFAULT_FILE)), value };
  return error.issues.flatMap((issue) => {
    const describe = (one: z.core.$ZodIssue, origin: string | undefined): string[] =>
      schemaProblems(place, { issues: [one] } as z.ZodError).map((problem) => {
        if (origin !== undefined) return `${origin}: ${problem.message}`;
        return document === undefined ? problem.message : formatProblem(problem);
      });
    if (issue.code !== 'unrecognized_keys') return describe(issue, overrides.originOf(issue.path));
    return issue.keys.flatMap((key) => {
      const origin = overrides.originOf([...issue.path, key]);
      return describe({ ...issue, keys: [key] }, origin);
    });
  });
}

function locate(
  at: readonly PropertyKey[],
  message: string,
  document: YamlDocument | undefined,
  overrides: Overrides,
): string {
  const text = `${at.map(String).join('.')}: ${message}`;
  const origin = overrides.originOf(at);
  if (origin !== undefined) return `${origin}: ${text}`;
  return document === undefined
    ? text
    : formatProblem({ file: document.file, ...document.placeOf(at), message: text });
}
