import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';

/** A server that is used often, with the token for it. */
const contextSchema = z.strictObject({
  url: z.string(),
  token: z.string(),
  ca_file: z.string().optional(),
});
export type Context = z.output<typeof contextSchema>;

const fileSchema = z.strictObject({
  current: z.string().optional(),
  contexts: z.record(z.string(), contextSchema).default({}),
});
/** The servers that somebody uses, and which of them a command means if it names none. */
export type Contexts = z.output<typeof fileSchema>;

/** `$XDG_CONFIG_HOME/railhead/contexts.yaml`, or below `~/.config`. */
export function contextsFile(environment: NodeJS.ProcessEnv = process.env): string {
  const folder = environment['XDG_CONFIG_HOME'] ?? path.join(homedir(), '.config');
  return path.join(folder, 'railhead', 'contexts.yaml');
}

/** Reads the contexts; none if there is no file. Throws an Error that names the file and says what to do. */
export function readContexts(file: string): Contexts {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) return { contexts: {} };
  if ((found.mode & 0o077) !== 0)
    throw new Error(`${file} holds tokens, and others can read it: run chmod 600 ${file}`);
  let content: unknown;
  try {
    content = parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file} is not valid YAML: ${(error as Error).message}`, { cause: error });
  }
  const parsed = fileSchema.safeParse(content ?? {});
  if (!parsed.success) throw new Error(`${file}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** Replaces the file as a whole, readable by its owner alone. */
export function writeContexts(file: string, contexts: Contexts): void {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const next = `${file}.new`;
  writeFileSync(next, stringify(contexts), { mode: 0o600 });
  chmodSync(next, 0o600);
  renameSync(next, file);
}
