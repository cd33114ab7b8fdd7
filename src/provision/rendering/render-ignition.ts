import type { ButaneFiles } from '../../butane/butane-files.ts';
import { compileButane, serverSafety } from '../../butane/compile.ts';
import { encodeConfig } from '../../ignition/encode.ts';
import { mergeLayers, type VersionedConfig } from '../../ignition/merge-layers.ts';
import { parseConfig } from '../../ignition/parse-config.ts';
import { type Entry, formatEntry } from '../../ignition/report.ts';
import type { SpecVersion } from '../../ignition/spec-version.ts';
import { validateConfig } from '../../ignition/validate.ts';
import { TemplateError } from './template-error.ts';

/** One source of an Ignition config after its template was rendered. */
export interface RenderedSource {
  /** Name of the template; its ending says what it is: `.ign` is Ignition, anything else Butane. */
  readonly name: string;
  /** The template as it was written, to find the place that an error is about. */
  readonly template: string;
  readonly text: string;
}

/** A complete, valid Ignition config. */
export interface IgnitionConfig {
  readonly json: string;
  /** The specification that it is written in. */
  readonly spec: SpecVersion;
  readonly warnings: readonly string[];
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
   * a unit. A single `.ign` source is passed through as it is, once it is found valid. Throws TemplateError.
   */
  compile(sources: readonly RenderedSource[]): IgnitionConfig {
    const key = sources.map(({ name, text }) => `${name}\0${text}`).join('\0\0');
    const cached = this.#cache.get(key);
    if (cached !== undefined) return cached;
    const config = this.#compile(sources);
    this.#keep(key, config);
    return config;
  }

  #compile(sources: readonly RenderedSource[]): IgnitionConfig {
    const warnings: string[] = [];
    const [first, ...rest] = sources.map((source) => ({
      source,
      ...compileSource(source, this.#files, warnings),
    }));
    if (first === undefined) throw new TemplateError('', 'the profile names no Ignition template');
    if (rest.length === 0) return { json: first.json, spec: first.spec, warnings };
    const layers: [VersionedConfig, ...VersionedConfig[]] = [first, ...rest];
    const merged = mergeLayers(layers, { mode: 'layered' });
    const name = sources.map((source) => source.name).join(' + ');
    const faults = validateConfig(merged.config, merged.spec).filter((entry) => entry.kind === 'error');
    const [fault] = faults;
    if (fault !== undefined) throw new TemplateError(name, `merged, ${formatEntry(fault)}`);
    return { json: encodeConfig(merged.config, merged.spec), spec: merged.spec, warnings };
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

function compileSource(
  source: RenderedSource,
  files: ButaneFiles | undefined,
  warnings: string[],
): VersionedConfig & { readonly json: string } {
  if (/\.(ign|ignition)$/.test(source.name)) {
    const parsed = parseConfig(source.text, { strictKeys: true });
    if (parsed.kind === 'invalid') throw sourceError(source, parsed.entries, parsed.reason);
    warnings.push(...parsed.entries.map((entry) => `${source.name}: ${formatEntry(entry)}`));
    return { config: parsed.config, spec: parsed.spec, json: source.text };
  }
  const compiled = compileButane(source.text, {
    safety: serverSafety,
    ...(files !== undefined && { files }),
  });
  if (compiled.kind === 'invalid') {
    throw sourceError(source, compiled.entries, compiled.error, compiled.place);
  }
  warnings.push(...compiled.entries.map((entry) => `${source.name}: ${formatEntry(entry)}`));
  return { config: compiled.config, spec: compiled.spec, json: compiled.json };
}

function sourceError(
  source: RenderedSource,
  entries: readonly Entry[],
  reason: string,
  place?: { readonly line: number; readonly col: number },
): TemplateError {
  const entry = entries.find(({ kind }) => kind === 'error');
  if (entry === undefined) {
    // The place is exact, and go-yaml's line is not.
    const exact = reason.replace(
      /^(?:Error unmarshaling )?yaml: (?:yaml: )?(?:line \d+: )?/,
      'not valid YAML: ',
    );
    const message = exact.replaceAll(/\n */g, ' ');
    return new TemplateError(source.name, message, placeInTemplate(source, place?.line, place?.col));
  }
  const { line: _line, col: _col, ...withoutPlace } = entry;
  const message = formatEntry(withoutPlace).replace(/^error at /, '');
  return new TemplateError(source.name, message, placeInTemplate(source, entry.line, entry.col));
}

/**
 * Where in the template the rendered line comes from: the nearest line with the same text, or else the line with the
 * same number, which is right as long as no block before it grew or vanished.
 */
function placeInTemplate(
  source: RenderedSource,
  line: number | undefined,
  column: number | undefined,
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
