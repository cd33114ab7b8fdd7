import type { Config, Resource } from '../ignition/config.ts';
import { parseConfig } from '../ignition/parse-config.ts';
import { formatEntry } from '../ignition/report.ts';
import type { Entry } from '../ignition/report.ts';
import { embeddedBytes } from './embedded-bytes.ts';

/** Maximum number of errors that are reported for one embedded configuration. */
const MAX_ERRORS = 10;

/**
 * Finds configurations embedded under `ignition.config` that no Ignition would accept: the first boot would fail.
 * Butane checks only inline ones of its own version. Entries have paths of the configuration.
 */
export function checkEmbeddedConfigs({ ignition }: Config): Entry[] {
  const { merge = [], replace } = ignition?.config ?? {};
  const entries = merge.flatMap((resource, index) => check(resource, 'merge', index));
  return replace ? [...entries, ...check(replace, 'replace')] : entries;
}

function check(resource: Resource, ...below: (string | number)[]): Entry[] {
  const bytes = embeddedBytes(resource);
  if (bytes === undefined) return [];
  return findFaults(bytes).map((fault) => ({
    kind: 'error',
    path: ['ignition', 'config', ...below, 'source'],
    message: `the embedded configuration is not valid: ${fault}`,
  }));
}

function findFaults(bytes: Buffer | string): string[] {
  if (typeof bytes === 'string') return [`it cannot be unpacked: ${bytes}`];
  const result = parseConfig(bytes);
  if (result.kind === 'config') return [];
  const errors = result.entries.filter(({ kind }) => kind === 'error').map(formatEntry);
  return errors.length === 0 ? [result.reason] : errors.slice(0, MAX_ERRORS);
}
