import { TemplateError } from '../provision/rendering/template-error.ts';
import { compileTemplate, type FindPartial, type Template } from '../provision/rendering/template.ts';
import type { CatalogTree } from './sources/catalog-tree.ts';

/** A template with its own text, to which the places of errors refer. */
export interface SourceTemplate extends Template {
  readonly source: string;
}

interface Compiled {
  /** The hash of every file that was looked up; undefined for a file that does not exist. */
  readonly lookups: ReadonlyMap<string, string | undefined>;
  readonly result: { readonly template: SourceTemplate } | { readonly error: TemplateError };
}

/**
 * The templates of one tree, each compiled when it is first needed. Templates of the previous tree with the same text
 * and the same partials are reused.
 */
export class TemplateLibrary {
  readonly #tree: CatalogTree;
  readonly #before: ReadonlyMap<string, Compiled>;
  readonly #compiled = new Map<string, Compiled>();

  constructor(tree: CatalogTree, before?: TemplateLibrary) {
    this.#tree = tree;
    this.#before = before === undefined ? new Map() : before.#known();
  }

  /** Whether the file exists below profiles/. */
  has(name: string): boolean {
    return this.#tree.read(`profiles/${name}`) !== undefined;
  }

  /** The template in a file, by its path below profiles/. Throws TemplateError. */
  file(name: string): SourceTemplate {
    return this.#compile(`file ${name}`, (findSource) => {
      const found = findSource(name);
      if (found === undefined) throw new TemplateError(name, 'there is no such template');
      return { name, source: found };
    });
  }

  /** A template that is a value of a profile. Throws TemplateError. */
  inline(source: string): Template {
    if (!source.includes('{{')) return { name: '', render: () => source };
    return this.#compile(`text ${source}`, () => ({ name: '', source, use: 'boot' }));
  }

  /** The compiled templates to reuse for the next tree, without those that are no longer used. */
  #known(): ReadonlyMap<string, Compiled> {
    const files = [...this.#before].filter(([key]) => key.startsWith('file ') && this.has(key.slice(5)));
    return new Map([...files, ...this.#compiled]);
  }

  #compile(
    key: string,
    open: (findSource: (name: string) => string | undefined) => {
      name: string;
      source: string;
      use?: 'boot';
    },
  ): SourceTemplate {
    let compiled = this.#compiled.get(key);
    if (compiled === undefined) {
      const before = this.#before.get(key);
      compiled = before !== undefined && this.#isCurrent(before) ? before : this.#compileAnew(open);
      this.#compiled.set(key, compiled);
    }
    if ('error' in compiled.result) throw compiled.result.error;
    return compiled.result.template;
  }

  #compileAnew(
    open: (findSource: (name: string) => string | undefined) => {
      name: string;
      source: string;
      use?: 'boot';
    },
  ): Compiled {
    const lookups = new Map<string, string | undefined>();
    const findSource = (name: string): string | undefined => {
      const file = this.#tree.read(`profiles/${name}`);
      lookups.set(name, file?.hash);
      return file && decodeTemplate(name, file.bytes);
    };
    const findPartial: FindPartial = (partial) => {
      for (const name of [partial, `${partial}.hbs`]) {
        const source = findSource(name);
        if (source !== undefined) return { name, source };
      }
      return undefined;
    };
    try {
      const { name, source, use } = open(findSource);
      return {
        lookups,
        result: { template: { ...compileTemplate(name, source, findPartial, use), source } },
      };
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      return { lookups, result: { error } };
    }
  }

  #isCurrent({ lookups }: Compiled): boolean {
    for (const [name, hash] of lookups) if (this.#tree.read(`profiles/${name}`)?.hash !== hash) return false;
    return true;
  }
}

function decodeTemplate(name: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new TemplateError(name, 'this is not UTF-8; save the file in that encoding');
  }
}
