import type { ButaneFiles } from '../../butane/butane-files.ts';
import { compileButane, SERVER_SAFETY } from '../../butane/compile.ts';
import { encodeConfig } from '../../ignition/encode.ts';
import { mergeLayers, type VersionedConfig } from '../../ignition/merge-layers.ts';
import { parseConfig } from '../../ignition/parse-config.ts';
import type { Entry } from '../../ignition/report.ts';
import type { SpecVersion } from '../../ignition/spec-version.ts';
import { validateConfig } from '../../ignition/validate.ts';
import {
  describeEntries,
  describeFurtherDocuments,
  isIgnition,
  sourceFaults,
  type TemplateNote,
} from './config-faults.ts';
import { findFirstBootWarnings } from './first-boot-warnings.ts';
import { describeMergedFaults, placeOfText } from './merged-faults.ts';
import type { RenderedSource } from './rendered-source.ts';
import { TemplateError } from './template-error.ts';

/** A complete, valid Ignition config. */
export interface IgnitionConfig {
  readonly json: string;
  /** The specification that it is written in. */
  readonly spec: SpecVersion;
  /** Warnings of Ignition and Butane, and what would fail at the first boot. */
  readonly warnings: readonly TemplateNote[];
}

/** Characters of configs and their sources that the cache holds. */
const CACHE_SIZE_MAX = 64 * 1024 * 1024;

/**
 * Turns rendered sources into Ignition configs, and keeps the results by content: machines of one group whose configs
 * differ in nothing are compiled once.
 */
export class IgnitionCompiler {
  readonly #files: ButaneFiles | undefined;
  readonly #cache = new Map<string, IgnitionConfig>();
  #cacheSize = 0;

  /** `files` is what Butane's `local` may embed. */
  constructor(files?: ButaneFiles) {
    this.#files = files;
  }

  /**
   * Compiles the sources and merges each over the ones before it, by Ignition's rules, but with a file's contents as
   * a unit. A single `.ign` source is passed through as it is, once it is found valid. The result is not kept if
   * `isKept` is false. Throws TemplateError.
   */
  compile(sources: readonly RenderedSource[], { isKept = true } = {}): IgnitionConfig {
    if (!isKept) return this.#compile(sources);
    const key = sources.map(({ name, text }) => `${name}\0${text}`).join('\0\0');
    const cached = this.#cache.get(key);
    if (cached !== undefined) return cached;
    const config = this.#compile(sources);
    this.#keep(key, config);
    return config;
  }

  #compile(sources: readonly RenderedSource[]): IgnitionConfig {
    const warnings: TemplateNote[] = [];
    const faults: TemplateError[] = [];
    const compiled: CompiledSource[] = [];
    for (const source of sources) {
      try {
        compiled.push(compileSource(source, this.#files, warnings));
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
        faults.push(error);
      }
    }
    const [fault, ...otherFaults] = faults;
    if (fault !== undefined) throw fault.with(otherFaults);
    const [first, ...rest] = compiled;
    if (first === undefined) throw new TemplateError('', 'the profile names no Ignition template');
    const { config, spec, json } = rest.length === 0 ? first : merge([first, ...rest]);
    for (const { path, message } of findFirstBootWarnings(config)) {
      warnings.push(placeOfText(sources, path, message));
    }
    return { json, spec, warnings };
  }

  #keep(key: string, config: IgnitionConfig): void {
    const size = key.length + config.json.length;
    if (size > CACHE_SIZE_MAX / 8) return;
    this.#cache.set(key, config);
    this.#cacheSize += size;
    for (const [oldest, old] of this.#cache) {
      if (this.#cacheSize <= CACHE_SIZE_MAX) break;
      this.#cache.delete(oldest);
      this.#cacheSize -= oldest.length + old.json.length;
    }
  }
}

interface CompiledSource extends VersionedConfig {
  readonly source: RenderedSource;
  readonly json: string;
}

function merge(layers: readonly [CompiledSource, ...CompiledSource[]]): VersionedConfig & { json: string } {
  const { config, spec } = mergeLayers(layers, { mode: 'layered' });
  const errors: readonly Entry[] = validateConfig(config, spec).filter((entry) => entry.kind === 'error');
  if (errors.length > 0) throw describeMergedFaults(errors, config, layers);
  return { config, spec, json: encodeConfig(config, spec) };
}

function compileSource(
  source: RenderedSource,
  files: ButaneFiles | undefined,
  warnings: TemplateNote[],
): CompiledSource {
  if (isIgnition(source.name)) {
    const parsed = parseConfig(source.text, { strictKeys: true });
    if (parsed.kind === 'invalid') throw sourceFaults(source, parsed.entries, parsed.reason);
    warnings.push(...describeEntries(source, parsed.entries));
    return { source, config: parsed.config, spec: parsed.spec, json: source.text };
  }
  const compiled = compileButane(source.text, {
    safety: SERVER_SAFETY,
    ...(files !== undefined && { files }),
  });
  if (compiled.kind === 'invalid') {
    throw sourceFaults(source, compiled.entries, compiled.error, compiled.place);
  }
  warnings.push(...describeEntries(source, compiled.entries), ...describeFurtherDocuments(source));
  return { source, config: compiled.config, spec: compiled.spec, json: compiled.json };
}
