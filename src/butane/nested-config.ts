import type { Config } from '../ignition/config.ts';
import { decodeStruct } from '../ignition/decode-config.ts';
import { JsonSyntaxError, parseJson } from '../ignition/json-document.ts';
import type { JsonDocument } from '../ignition/json-document.ts';
import { findUnusedKeys } from '../ignition/json-positions.ts';
import { REFUSALS } from '../ignition/parse-config.ts';
import type { Entry } from '../ignition/report.ts';
import { schemaOf } from '../ignition/schema.ts';
import { parseSemVer } from '../ignition/semver.ts';
import { findSpecVersion } from '../ignition/spec-version.ts';
import type { SpecVersion } from '../ignition/spec-version.ts';
import { LineIndex } from '../ignition/text-position.ts';
import { validateConfig } from '../ignition/validate.ts';
import type { ValidationOptions } from '../ignition/validation-context.ts';

/** The release of Ignition that is built into Butane 0.29. */
export const BUTANE_RULES: ValidationOptions = { ignition: '2.26' };

/** The result of checking an Ignition configuration inside a Butane document. */
export interface NestedReport {
  /** Entries with the paths of the inner configuration. */
  readonly entries: readonly Entry[];
  /** Whether the configuration has another version, and was therefore not checked. */
  readonly skipped: boolean;
  /** Why the text is not a configuration at all; undefined if it is one. */
  readonly reason: string | undefined;
}

/**
 * Validates an inline configuration of `ignition.config` against the specification of the document, as
 * ValidateIgnitionConfig of coreos/butane does: one of another version is accepted without a check.
 */
export function validateNestedConfig(bytes: Uint8Array, spec: SpecVersion): NestedReport {
  const refuse = (message: string): NestedReport => ({
    entries: [{ kind: 'error', path: [], message }],
    skipped: false,
    reason: REFUSALS.invalid,
  });
  let document: JsonDocument;
  try {
    document = parseJson(bytes);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    return refuse(error.message);
  }
  const schema = schemaOf(spec);
  const { value, mismatch } = decodeStruct(document.root, schema, 'types.Config');
  if (mismatch) return refuse(mismatch.message);

  const config = value as Config;
  const version = config.ignition?.version ?? '';
  const entries: Entry[] = [];
  if (!parseSemVer(version)) {
    entries.push({ kind: 'error', path: ['ignition', 'version'], message: REFUSALS.invalidVersion });
  } else if (findSpecVersion(version) !== spec) {
    return { entries: [], skipped: true, reason: undefined };
  }
  const found = validateConfig(config, spec, BUTANE_RULES);
  const unused = findUnusedKeys(config, schema, document.root, new LineIndex(bytes));
  return { entries: [...entries, ...found, ...unused], skipped: false, reason: undefined };
}
