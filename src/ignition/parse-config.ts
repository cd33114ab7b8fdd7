import { decodeStruct } from './decode-config.ts';
import type { TypeMismatch } from './decode-config.ts';
import type { Config } from './config.ts';
import { parseJson, JsonSyntaxError } from './json-document.ts';
import type { JsonDocument } from './json-document.ts';
import type { Entry } from './report.ts';
import { isFatal } from './report.ts';
import { schemaOf } from './schema.ts';
import type { StructSchema } from './schema.ts';
import { parseSemVer } from './semver.ts';
import { findSpecVersion } from './spec-version.ts';
import type { SpecVersion } from './spec-version.ts';
import { LineIndex } from './text-position.ts';
import { findUnusedKeys, locateEntries } from './json-positions.ts';
import { validateConfig } from './validate.ts';
import type { ValidationOptions } from './validation-context.ts';

/** How strictly a configuration is read. */
export interface ParseOptions extends ValidationOptions {
  /**
   * Reports as errors: keys that no field has, keys that differ from their field only in case, and repeated keys.
   * Ignition only warns of the first two and uses the last of repeated keys, so that a typing mistake would be noticed
   * only on the machine. Off by default, to agree with ignition-validate; the server turns it on.
   */
  readonly strictKeys?: boolean;
}

/** The result of parsing a text as an Ignition configuration. */
export type ParseResult =
  | {
      readonly kind: 'config';
      readonly config: Config;
      readonly spec: SpecVersion;
      /** Warnings only. */
      readonly entries: readonly Entry[];
    }
  | {
      readonly kind: 'invalid';
      /** The reason, in a few words: `config is not valid`, or what is wrong with the version. */
      readonly reason: string;
      /** Empty if the reason says everything. */
      readonly entries: readonly Entry[];
    };

/** Reasons for refusing a configuration without parsing it further, in Ignition's words. */
export const REFUSALS = {
  empty: 'not a config (empty)',
  invalidVersion: "invalid config version (couldn't parse)",
  unknownVersion: 'unsupported config version',
  invalid: 'config is not valid',
} as const;

/**
 * Parses and validates an Ignition configuration of any supported specification, with the results of Ignition's
 * config.Parse: same verdict, same entries, same positions, unless the options require otherwise. Never throws.
 */
export function parseConfig(input: string | Uint8Array, options: ParseOptions = {}): ParseResult {
  const bytes = typeof input === 'string' ? Buffer.from(input, 'utf8') : input;
  if (bytes.length === 0) return { kind: 'invalid', reason: REFUSALS.empty, entries: [] };
  const lines = new LineIndex(bytes);
  let document: JsonDocument;
  try {
    document = parseJson(bytes);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    return mismatched(error, lines);
  }

  const stub = decodeStruct(document.root, versionStub, 'util.versionStub');
  if (stub.mismatch) return mismatched(stub.mismatch, lines);
  const { Ignition: { Version: text = '' } = {} } = stub.value as { Ignition?: { Version?: string } };
  if (!parseSemVer(text)) return { kind: 'invalid', reason: REFUSALS.invalidVersion, entries: [] };
  const spec = findSpecVersion(text);
  if (!spec) return { kind: 'invalid', reason: REFUSALS.unknownVersion, entries: [] };

  const schema = schemaOf(spec);
  const decoded = decodeStruct(document.root, schema, 'types.Config');
  if (decoded.mismatch) return mismatched(decoded.mismatch, lines);
  const config = decoded.value as Config;
  const found = validateConfig(config, spec, options);
  // A number that exceeds a float64 is skipped if its key is not used, but Ignition's second parser stops at it.
  const strict = options.strictKeys ?? false;
  const entries =
    document.positioned || strict
      ? [
          ...locateEntries(found, document.root, lines),
          ...findUnusedKeys(config, schema, document.root, lines, strict),
        ]
      : found;
  if (isFatal(entries)) return { kind: 'invalid', reason: REFUSALS.invalid, entries };
  return { kind: 'config', config, spec, entries };
}

function mismatched({ message, offset }: TypeMismatch, lines: LineIndex): ParseResult {
  const entry: Entry = { kind: 'error', path: [], message, ...lines.position(offset) };
  return { kind: 'invalid', reason: REFUSALS.invalid, entries: [entry] };
}

/**
 * The part that Ignition decodes first, to find the version; without JSON names, so that errors mention the Go names.
 */
const versionStub: StructSchema = stubStruct('versionStub', {
  name: 'Ignition',
  kind: 'struct',
  pointer: false,
  omitEmpty: false,
  goType: 'struct { Version string }',
  struct: stubStruct('', { name: 'Version', kind: 'string', pointer: false, omitEmpty: false }),
});

function stubStruct(goName: string, field: StructSchema['fields'][number]): StructSchema {
  return { goName, fields: [field], byName: new Map([[field.name, field]]), keyOf: () => '' };
}
