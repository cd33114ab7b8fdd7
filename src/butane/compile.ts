import type { Config, ConfigObject } from '../ignition/config.ts';
import { encodeConfig, isEmptyStruct } from '../ignition/encode.ts';
import { isFatal } from '../ignition/report.ts';
import type { Entry } from '../ignition/report.ts';
import { schemaOf } from '../ignition/schema.ts';
import type { SpecVersion } from '../ignition/spec-version.ts';
import { checkRules, findDuplicates } from '../ignition/validate.ts';
import { checkReservedPartitions } from './sugar/boot-device-rules.ts';
import type { ButaneFiles } from './butane-files.ts';
import { checkDeclaredHashes } from './declared-hashes.ts';
import { decodeDocument } from './decode.ts';
import type { DecodedObject } from './decode.ts';
import { checkEmbeddedConfigs } from './embedded-configs.ts';
import { checkGrubLines } from './sugar/grub.ts';
import type { Grub } from './sugar/grub.ts';
import { MESSAGES } from './messages.ts';
import { checkMountUnitLines } from './sugar/mount-units.ts';
import { BUTANE_RULES } from './nested-config.ts';
import { sourcePath } from './provenance.ts';
import type { Provenance, Traced } from './provenance.ts';
import type { ButaneStruct } from './schema.ts';
import { translateBootSections, translateDocument } from './translate.ts';
import { TranslationContext } from './translation-context.ts';
import { findUnknownKeys } from './unknown-keys.ts';
import { validateSource } from './validate-source.ts';
import type { ButaneFilesystem } from './sugared.ts';
import { chooseSpec } from './variants.ts';
import type { ButaneSpec } from './variants.ts';
import { findUnusedYamlKeys, YamlLocator } from './yaml-positions.ts';
import type { YamlNode } from './yaml/node.ts';
import { readYaml } from './yaml/read-yaml.ts';
import { YamlError } from './yaml/yaml-error.ts';
import type { YamlPlace } from './yaml/yaml-error.ts';

/** Checks for a server, where Butane trusts the author of a document. All are off unless set. */
export interface Safety {
  /**
   * Unknown keys are errors, not warnings, because a misspelt key would be missing on the machine. This includes keys
   * behind aliases and merge keys, which in turn may be used without a warning.
   */
  readonly refuseUnknownKeys?: boolean;
  /** Links are resolved before local files are read, so that none can lead out of the files directory. */
  readonly resolveLinks?: boolean;
  /** Values that are written into a line of a generated file must not break out of that line. */
  readonly refuseLineBreaks?: boolean;
  /** Embedded contents must have the hash that is declared for them. */
  readonly checkHashes?: boolean;
  /** Configurations embedded for Ignition to merge must be valid, including local ones and those of other versions. */
  readonly checkEmbeddedConfigs?: boolean;
}

/** All checks on: this is how the server compiles. */
export const SERVER_SAFETY: Required<Safety> = {
  refuseUnknownKeys: true,
  resolveLinks: true,
  refuseLineBreaks: true,
  checkHashes: true,
  checkEmbeddedConfigs: true,
};

/** How to compile; without options, as the butane command does without flags. */
export interface CompileOptions {
  /** The files that `local` and trees may embed; if absent, using either is an error. */
  readonly files?: ButaneFiles;
  readonly safety?: Safety;
  /** Indents the JSON by two spaces. */
  readonly pretty?: boolean;
}

/** The result of compiling a Butane document. */
export type CompileResult =
  | {
      readonly kind: 'config';
      readonly config: Config;
      readonly spec: SpecVersion;
      /** The configuration as JSON, without a line end. */
      readonly json: string;
      /** Warnings only. */
      readonly entries: readonly Entry[];
    }
  | {
      readonly kind: 'invalid';
      /** The reason, in Butane's words: what is wrong with the YAML, or that the entries contain an error. */
      readonly error: string;
      /**
       * Where the YAML is wrong; the line in `error` is go-yaml's, which is often different. Entries have their own
       * places.
       */
      readonly place?: YamlPlace;
      readonly entries: readonly Entry[];
    };

/**
 * Compiles a Butane document to an Ignition configuration, as Butane 0.29 does: the same output, and the same report
 * with the same places in the document. Never throws because of errors in the document or in the files. Cost is
 * proportional to the document and to the files that it embeds.
 */
export function compileButane(input: Uint8Array | string, options: CompileOptions = {}): CompileResult {
  let root: YamlNode;
  let spec: ButaneSpec;
  let document: DecodedObject;
  try {
    const choice = readSpec(input);
    if ('kind' in choice) return choice;
    ({ root, spec } = choice);
    document = decodeDocument(root, spec.schema);
  } catch (error) {
    return refuse(error);
  }
  return new Compilation(root, document, spec, options).run();
}

/** The keys that every document must have. */
const COMMON_FIELDS: ButaneStruct = {
  goName: 'commonFields',
  goType: 'config.commonFields',
  fields: [],
  byKey: new Map(
    ['version', 'variant'].map((key) => [key, { key, name: key, sugar: true, kind: 'string' } as const]),
  ),
};

/** Parses the document and finds its specification; Butane does both before it looks at anything else. */
function readSpec(input: Uint8Array | string): { root: YamlNode; spec: ButaneSpec } | CompileResult {
  let root: YamlNode | undefined;
  let common: { variant?: string; version?: string } = {};
  try {
    root = readYaml(input);
    if (root) common = decodeDocument(root, COMMON_FIELDS);
  } catch (error) {
    return refuse(error, 'Error unmarshaling yaml: ');
  }
  const choice = chooseSpec(common.variant ?? '', common.version ?? '');
  if ('error' in choice) return { kind: 'invalid', error: choice.error, entries: [] };
  if (!root) throw new Error('A document without content has no variant.');
  return { root, spec: choice.spec };
}

/** The result for a document that is not YAML, or does not fit; anything but a YamlError is thrown again. */
function refuse(error: unknown, prefix = ''): CompileResult {
  if (!(error instanceof YamlError)) throw error;
  const { message, place } = error;
  return { kind: 'invalid', error: prefix + message, entries: [], ...(place && { place }) };
}

/**
 * One document on its way through Butane's stages. Each stage ends the compilation if it finds an error, except that
 * unknown keys are reported together with the errors of the stages, as Butane reports them.
 */
class Compilation {
  readonly #root: YamlNode;
  readonly #document: DecodedObject;
  readonly #spec: ButaneSpec;
  readonly #options: CompileOptions;
  readonly #safety: Safety;
  readonly #locator: YamlLocator;
  readonly #entries: Entry[] = [];
  /** Keys that the schema does not have: warnings, or errors that do not end a stage. */
  #unknown: readonly Entry[] = [];

  constructor(root: YamlNode, document: DecodedObject, spec: ButaneSpec, options: CompileOptions) {
    this.#root = root;
    this.#document = document;
    this.#spec = spec;
    this.#options = options;
    this.#safety = options.safety ?? {};
    this.#locator = new YamlLocator(root);
  }

  run(): CompileResult {
    const root = this.#root;
    const document = this.#document;
    const spec = this.#spec;
    const safety = this.#safety;
    this.#unknown = safety.refuseUnknownKeys
      ? findUnknownKeys(root, spec.schema)
      : findUnusedYamlKeys(document, spec.schema, root);
    this.#report(validateSource(document, spec));
    if (safety.refuseLineBreaks) this.#report(this.#checkLines());
    if (isFatal(this.#entries)) return this.#invalid(MESSAGES.sourceInvalid);

    const traced = this.#translate();
    if (!traced || isFatal(this.#entries)) return this.#invalid(MESSAGES.sourceInvalid);
    const { config, provenance } = traced;
    this.#reportGenerated(this.#checkForbidden(config), provenance);
    if (isFatal(this.#entries)) return this.#invalid(MESSAGES.sourceInvalid);

    const { ignition } = spec;
    this.#reportGenerated(findDuplicates(config, ignition), provenance);
    this.#reportGenerated(checkRules(config, ignition, BUTANE_RULES), provenance);
    if (safety.checkHashes) this.#reportGenerated(checkDeclaredHashes(config, ignition), provenance);
    if (safety.checkEmbeddedConfigs) this.#reportGenerated(checkEmbeddedConfigs(config), provenance);
    if (isFatal(this.#entries)) return this.#invalid(MESSAGES.generatedInvalid);
    if (isFatal(this.#unknown)) return this.#invalid(MESSAGES.sourceInvalid);
    return this.#encode(config);
  }

  #encode(config: Config): CompileResult {
    const { ignition } = this.#spec;
    try {
      const json = encodeConfig(config, ignition, { indent: this.#options.pretty ? 2 : 0 });
      return { kind: 'config', config, spec: ignition, json, entries: this.#allEntries() };
    } catch (error) {
      // The longest possible string has half a gigabyte.
      if (error instanceof RangeError) return this.#invalid('the generated configuration is too large');
      throw error;
    }
  }

  #translate(): Traced | undefined {
    const document = this.#document;
    const spec = this.#spec;
    const safety = this.#safety;
    const resolveLinks = safety.resolveLinks ?? false;
    const context = new TranslationContext(spec.ignition, this.#options.files, { resolveLinks });
    const base = translateDocument(document, spec.schema, context);
    this.#report(context.entries);
    if (isFatal(context.entries)) return undefined;
    if (spec.variant !== 'fcos') return base;
    const { withBootDevice, complete } = translateBootSections(document, base, spec.ignition);
    const warnings = checkReservedPartitions(withBootDevice.config, spec.schema.byKey.has('boot_device'));
    this.#reportGenerated(warnings, complete.provenance);
    return complete;
  }

  #checkLines(): Entry[] {
    const storage = (this.#document['storage'] ?? {}) as { filesystems?: ButaneFilesystem[] };
    const grub = (this.#document['grub'] ?? {}) as Grub;
    return [...checkMountUnitLines(storage.filesystems ?? []), ...checkGrubLines(grub)];
  }

  /** Fields that Ignition has but the variant does not allow. */
  #checkForbidden(config: Config): Entry[] {
    const schema = schemaOf(this.#spec.ignition).byName.get('storage');
    const luks = schema?.kind === 'struct' ? schema.struct.byName.get('luks') : undefined;
    const entries: Entry[] = [];
    for (const [index, item] of (config.storage?.luks ?? []).entries()) {
      for (const name of this.#spec.forbiddenLuksFields) {
        const field = luks?.kind === 'list' ? luks.item?.byName.get(name) : undefined;
        const value = item[name] as ConfigObject | undefined;
        if (value === undefined || field?.kind !== 'struct' || isEmptyStruct(value, field.struct)) continue;
        const message = name === 'clevis' ? MESSAGES.clevisForbidden : MESSAGES.cexForbidden;
        entries.push({ kind: 'error', path: ['storage', 'luks', index, name], message });
      }
    }
    return entries;
  }

  #report(entries: readonly Entry[]): void {
    for (const entry of this.#locator.locate(entries)) this.#entries.push(entry);
  }

  /** Reports entries about the generated configuration at what they come from. */
  #reportGenerated(entries: readonly Entry[], provenance: Provenance): void {
    this.#report(entries.map((entry) => ({ ...entry, path: sourcePath(entry.path, provenance) })));
  }

  #allEntries(): Entry[] {
    return [...this.#unknown, ...this.#entries];
  }

  #invalid(error: string): CompileResult {
    return { kind: 'invalid', error, entries: this.#allEntries() };
  }
}
