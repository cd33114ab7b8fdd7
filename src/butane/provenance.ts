import type { Config } from '../ignition/config.ts';
import { mergeConfigs } from '../ignition/merge.ts';
import type { Path } from '../ignition/report.ts';
import type { SpecVersion } from '../ignition/spec-version.ts';
import { snakeCase } from './schema.ts';

/** Records which part of a Butane document each part of the generated configuration comes from. */
export interface Provenance {
  /** The path in the document; undefined if it is not recorded, and then most likely the same in snake_case. */
  find(path: Path): Path | undefined;
}

/** The path in a document that an entry about the generated configuration is reported at. */
export function sourcePath(path: Path, provenance: Provenance): Path {
  return provenance.find(path) ?? snakePath(path);
}

function snakePath(path: Path): Path {
  return path.map((step) => (typeof step === 'string' ? snakeCase(step) : step));
}

/** Adds what the sugar of a document became, path by path, to what is already recorded. */
export class Translations implements Provenance {
  readonly #base: Provenance | undefined;
  readonly #exact = new Map<string, Path>();
  readonly #whole = new Map<string, Path>();
  readonly #parallel = new Map<string, Path>();

  constructor(base?: Provenance) {
    this.#base = base;
  }

  /** Records where one value comes from, without the values inside it. */
  add(from: Path, to: Path): void {
    this.#exact.set(keyOf(to), from);
  }

  /** Records that a value and everything inside it comes from one place. */
  addWhole(from: Path, to: Path): void {
    this.#whole.set(keyOf(to), from);
  }

  /** Records that a value comes from another of the same shape, with the same keys in snake_case. */
  addParallel(from: Path, to: Path): void {
    this.#parallel.set(keyOf(to), from);
  }

  find(path: Path): Path | undefined {
    const exact = this.#exact.get(keyOf(path));
    if (exact) return exact;
    for (let length = path.length; length > 0; length--) {
      const key = keyOf(path.slice(0, length));
      const whole = this.#whole.get(key);
      if (whole) return whole;
      const parallel = this.#parallel.get(key);
      if (parallel) return [...parallel, ...snakePath(path.slice(length))];
    }
    return this.#base?.find(path);
  }
}

/** One side of a merge. */
export interface Traced {
  readonly config: Config;
  readonly provenance: Provenance;
}

/**
 * The provenance of a merge of generated configuration (the parent) with the user's (the child). Where both contribute,
 * the user's part is recorded, since generated parts have no matching text. It is computed when it is first needed,
 * because most documents compile without any entry. Agrees with base/util/merge.go of coreos/butane.
 */
export class MergedProvenance implements Provenance {
  readonly #parent: Traced;
  readonly #child: Traced;
  readonly #spec: SpecVersion;
  #known: Map<string, Path> | undefined;

  constructor(parent: Traced, child: Traced, spec: SpecVersion) {
    this.#parent = parent;
    this.#child = child;
    this.#spec = spec;
  }

  find(path: Path): Path | undefined {
    this.#known ??= this.#trace();
    return this.#known.get(keyOf(path));
  }

  #trace(): Map<string, Path> {
    const known = new Map<string, Path>();
    mergeConfigs(this.#parent.config, this.#child.config, this.#spec, {
      transcribe: ({ origin, from, to }) => {
        const key = keyOf(to);
        if (origin === 'child') {
          known.set(key, sourcePath(from, this.#child.provenance));
        } else if (!known.has(key)) {
          const source = this.#parent.provenance.find(from);
          if (source) known.set(key, source);
        }
      },
    });
    return known;
  }
}

/** Merges generated configuration under the user's. */
export function mergeGenerated(generated: Traced, user: Traced, spec: SpecVersion): Traced {
  return {
    config: mergeConfigs(generated.config, user.config, spec),
    provenance: new MergedProvenance(generated, user, spec),
  };
}

function keyOf(path: Path): string {
  return path.join('\0');
}
