import type { CatalogTree } from './sources/catalog-tree.ts';

/** The keys in which Butane names files of the catalog: as one value, or as the first line of a list. */
const LOCAL_KEY =
  /^(?<indent>[ \t]*(?:- +)*)["']?(?:local|contents_local|ssh_authorized_keys_local)["']?[ \t]*:[ \t]*(?<rest>.*)$/;
const INLINE_LOCAL =
  /[{,][ \t]*["']?(?:local|contents_local|ssh_authorized_keys_local)["']?[ \t]*:[ \t]*(?<value>\[[^\]]*\]|"[^"]*"|'[^']*'|(?:\{\{.*?\}\}|[^,}\s])+)/g;
/** Maximum size in bytes of a text that is searched; templates are written by people. */
const TEXT_SIZE_MAX = 4 * 1024 * 1024;

/**
 * Files under profiles/ that templates name by `local`, `contents_local` or `ssh_authorized_keys_local`, as far as the
 * text shows: a name with template expressions matches every name that it may render to.
 */
export class NamedFiles {
  readonly #exact = new Set<string>();
  readonly #patterns: RegExp[] = [];

  /** Searches the text of one template. */
  add(text: string): void {
    let listIndent: number | undefined;
    for (const line of text.slice(0, TEXT_SIZE_MAX).split('\n')) {
      if (/^\s*#/.test(line)) continue;
      const item = listIndent === undefined ? null : /^([ \t]*)-[ \t]+(.*)$/.exec(line);
      if (item !== null && (item[1] ?? '').length >= (listIndent ?? 0)) {
        this.#addName(item[2] ?? '');
        continue;
      }
      listIndent = undefined;
      const key = LOCAL_KEY.exec(line);
      const rest = key?.groups?.['rest']?.trim() ?? '';
      if (key !== null && rest === '') listIndent = /^[ \t]*/.exec(line)?.[0].length;
      else if (key !== null) this.#addValue(rest);
      for (const match of line.matchAll(INLINE_LOCAL)) this.#addValue(match.groups?.['value'] ?? '');
    }
  }

  /** Whether a file, by its path below profiles/, is named in full, or is in a folder that is. */
  has(file: string): boolean {
    return this.#exact.has('.') || withFolders(file).some((at) => this.#exact.has(at));
  }

  /** Whether a template may name the file once it is rendered. */
  mayHave(file: string): boolean {
    return (
      this.has(file) || withFolders(file).some((at) => this.#patterns.some((pattern) => pattern.test(at)))
    );
  }

  #addValue(value: string): void {
    if (value.startsWith('['))
      for (const item of value.slice(1).replace(/\].*$/, '').split(',')) this.#addName(item);
    else this.#addName(value);
  }

  #addName(value: string): void {
    const quoted = /^(["'])(.*?)\1/.exec(value.trim());
    const bare = quoted?.[2] ?? value.trim().replace(/\s+#.*$/, '');
    const name = bare.replace(/^(?:\.?\/)+/, '').replace(/\/+$/, '');
    if (name === '') return;
    if (!name.includes('{{')) {
      this.#exact.add(name);
      return;
    }
    const literals = name.split(/\{\{.*?\}\}/).map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    this.#patterns.push(new RegExp(`^${literals.join('.*')}$`, 's'));
  }
}

/** A path and its parent folders. */
export function withFolders(file: string): string[] {
  const paths: string[] = [];
  for (let at = file; at !== ''; at = at.slice(0, Math.max(at.lastIndexOf('/'), 0))) paths.push(at);
  return paths;
}

/**
 * The files that the templates of a tree name: everything under profiles/ that is not one of our YAML documents is
 * searched.
 */
export function namedFilesOf(tree: CatalogTree): NamedFiles {
  const named = new NamedFiles();
  for (const file of tree.walk('profiles')) {
    const entry = tree.read(file);
    if (entry === undefined) continue;
    const text = Buffer.from(entry.bytes.buffer, entry.bytes.byteOffset, entry.bytes.byteLength);
    // Most files name no other file, so their lines need not be searched.
    if (text.includes('local')) named.add(text.toString('utf8'));
  }
  return named;
}
