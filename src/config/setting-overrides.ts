import { parse } from 'yaml';
import type { z } from 'zod';

/** Settings that override those of the file. */
export interface Overrides {
  /**
   * The variable or flag that set the value at a place in the settings; undefined if it was the file, or the default is
   * used.
   */
  originOf(at: readonly PropertyKey[]): string | undefined;
  /** What is wrong with the variables and flags themselves. */
  readonly problems: readonly string[];
}

const ENVIRONMENT_PREFIX = 'RAILHEAD_';
const FORBIDDEN = ['__proto__', 'constructor', 'prototype'];

/** Writes the settings of `RAILHEAD_*` variables, and then those of `--set` flags, into `settings`. */
export function applyOverrides(
  settings: Record<string, unknown>,
  environment: Readonly<Record<string, string | undefined>>,
  flags: readonly string[],
  shape: Readonly<Record<string, z.ZodType>>,
): Overrides {
  const origins = new Map<string, string>();
  const problems: string[] = [];
  const override = (origin: string, keys: readonly string[], text: string): void => {
    try {
      setAt(settings, keys, parse(text));
      origins.set(keys.join('.'), origin);
    } catch (error) {
      problems.push(`${origin}: ${(error as Error).message.split('\n')[0]}`);
    }
  };
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith(ENVIRONMENT_PREFIX) || text === undefined) continue;
    const keys = findKeys(name.slice(ENVIRONMENT_PREFIX.length).toLowerCase(), shape);
    if (keys === undefined) problems.push(`${name}: there is no such setting`);
    else override(name, keys, text);
  }
  for (const flag of flags) {
    const [, key, text] = /^([a-z0-9_.]+)=(.*)$/s.exec(flag) ?? [];
    if (key === undefined || text === undefined) {
      problems.push(`--set ${flag}: write it as key=value, as in --set log.level=debug`);
    } else override(`--set ${key}`, key.split('.'), text);
  }
  const originOf = (at: readonly PropertyKey[]): string | undefined => {
    for (let length = at.length; length > 0; length--) {
      const origin = origins.get(at.slice(0, length).map(String).join('.'));
      if (origin !== undefined) return origin;
    }
    return undefined;
  };
  return { originOf, problems };
}

/** The setting that an environment variable names: `dhcp_interfaces` is `dhcp.interfaces`. */
function findKeys(name: string, shape: Readonly<Record<string, z.ZodType>>): string[] | undefined {
  if (name in shape) return [name];
  const section = Object.keys(shape)
    .filter((key) => name.startsWith(`${key}_`))
    .sort((a, b) => b.length - a.length)[0];
  return section === undefined ? undefined : [section, name.slice(section.length + 1)];
}

function setAt(root: Record<string, unknown>, keys: readonly string[], value: unknown): void {
  if (keys.some((key) => key === '' || FORBIDDEN.includes(key))) throw new Error('there is no such setting');
  let target: Record<string, unknown> = root;
  for (const [index, key] of keys.slice(0, -1).entries()) {
    const next = target[key] ?? (target[key] = {});
    if (typeof next !== 'object' || Array.isArray(next)) {
      const name = keys.slice(0, index + 1).join('.');
      throw new Error(`${name} has no keys of its own; set the whole of it with --set ${name}=...`);
    }
    target = next as Record<string, unknown>;
  }
  target[keys.at(-1) ?? ''] = value;
}
