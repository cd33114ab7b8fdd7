import { createHash, type Hash } from 'node:crypto';
import path from 'node:path';

/** The folders of a catalog. */
export const CATALOG_FOLDERS = ['profiles', 'groups', 'machines'] as const;

/** What exists at one path of a catalog. */
export type TreeEntry =
  | {
      readonly kind: 'file';
      /** Permission bits. */
      readonly mode: number;
      readonly bytes: Uint8Array;
      /** SHA-256 of the bytes in hex. */
      readonly hash: string;
    }
  /** An entry whose content was not read. */
  | {
      readonly kind: 'unread';
      readonly mode: number;
      /**
       * `failed`: an attempt to read it failed. `large`: over a limit. `unnamed`: large, and no template names it.
       * `special`: not a regular file.
       */
      readonly why: 'failed' | 'large' | 'unnamed' | 'special';
      /** Ends a sentence that begins with the path: `is a named pipe`. */
      readonly reason: string;
    }
  | { readonly kind: 'directory'; readonly mode: number }
  /** A symbolic link; the target is as it is written in the link. */
  | { readonly kind: 'link'; readonly target: string };

/** Where a path leads after links are followed. */
export type Located =
  | { readonly kind: 'found'; readonly path: string; readonly entry: Exclude<TreeEntry, { kind: 'link' }> }
  | { readonly kind: 'missing' }
  | { readonly kind: 'outside' }
  | { readonly kind: 'loop' };

/** Maximum number of links to follow, as in Linux. */
const LINKS_MAX = 40;

/**
 * A catalog's files as they were at one moment, by their path below its directory, with `/` on every system. It is
 * self-contained: links are followed inside it, and none leads out.
 */
export class CatalogTree {
  /** The real path of the directory, with which absolute links begin. */
  readonly root: string;
  readonly entries: ReadonlyMap<string, TreeEntry>;
  #names: Map<string, string[]> | undefined;
  #id: string | undefined;

  constructor(root: string, entries: ReadonlyMap<string, TreeEntry>) {
    this.root = root;
    this.entries = entries;
  }

  /** A hash of all paths, contents, permissions and links: the same content has the same id. */
  get id(): string {
    this.#id ??= hashEntries(this.entries);
    return this.#id;
  }

  /** Whether none of the catalog's folders exists. */
  get isEmpty(): boolean {
    return !CATALOG_FOLDERS.some((folder) => this.entries.has(folder));
  }

  /** What exists at the path after all links were followed. */
  locate(file: string): Located {
    let rest = file.split('/').filter((part) => part !== '' && part !== '.');
    let at: string[] = [];
    let links = 0;
    while (rest.length > 0) {
      const [part = '', ...others] = rest;
      rest = others;
      if (part === '..') {
        if (at.length === 0) return { kind: 'outside' };
        at.pop();
        continue;
      }
      const here = [...at, part];
      const entry = this.entries.get(here.join('/'));
      if (entry?.kind !== 'link') {
        // The folders above the catalog's own ones have no entry; they exist if anything is below them.
        at = here;
        continue;
      }
      if (++links > LINKS_MAX) return { kind: 'loop' };
      const inside = this.#linkInside(entry.target);
      if (inside === undefined) return { kind: 'outside' };
      if (inside.fromRoot) at = [];
      rest = [...inside.parts, ...rest];
    }
    const found = at.join('/');
    const entry = this.entries.get(found);
    if (entry !== undefined && entry.kind !== 'link') return { kind: 'found', path: found, entry };
    return { kind: 'missing' };
  }

  /** The bytes of a file, following links; undefined if there is no file, or it was not read. */
  read(file: string): Extract<TreeEntry, { kind: 'file' }> | undefined {
    const located = this.locate(file);
    return located.kind === 'found' && located.entry.kind === 'file' ? located.entry : undefined;
  }

  /** Names in a directory, sorted; the path must be one that `locate` returned. */
  list(directory: string): readonly string[] {
    if (this.#names === undefined) {
      this.#names = new Map();
      for (const file of this.entries.keys()) {
        const parent = path.posix.dirname(file);
        const names = this.#names.get(parent);
        if (names === undefined) this.#names.set(parent, [path.posix.basename(file)]);
        else names.push(path.posix.basename(file));
      }
      for (const names of this.#names.values()) names.sort();
    }
    return this.#names.get(directory === '' ? '.' : directory) ?? [];
  }

  /** All paths of files below a directory, following links to directories, in the order of their names. */
  *walk(directory: string): Generator<string> {
    yield* this.#walk(directory, new Set());
  }

  /** The same tree with some entries replaced or removed. */
  with(changes: ReadonlyMap<string, TreeEntry | undefined>): CatalogTree {
    if (changes.size === 0) return this;
    const entries = new Map(this.entries);
    for (const [file, entry] of changes) {
      if (entry === undefined) entries.delete(file);
      else entries.set(file, entry);
    }
    return new CatalogTree(this.root, entries);
  }

  *#walk(directory: string, open: ReadonlySet<string>): Generator<string> {
    const located = this.locate(directory);
    if (located.kind !== 'found' || located.entry.kind !== 'directory' || open.has(located.path)) return;
    const within = new Set([...open, located.path]);
    for (const name of this.list(located.path)) {
      const file = `${directory}/${name}`;
      const child = this.locate(file);
      if (child.kind === 'found' && child.entry.kind === 'directory') yield* this.#walk(file, within);
      else yield file;
    }
  }

  #linkInside(target: string): { readonly fromRoot: boolean; readonly parts: string[] } | undefined {
    if (!target.startsWith('/')) return { fromRoot: false, parts: split(target) };
    const below = path.posix.relative(this.root, path.posix.normalize(target));
    if (below === '..' || below.startsWith('../')) return undefined;
    return { fromRoot: true, parts: split(below) };
  }
}

/** SHA-256 in hex, as in file entries. */
export function hashBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function split(text: string): string[] {
  return text.split('/').filter((part) => part !== '' && part !== '.');
}

function hashEntries(entries: ReadonlyMap<string, TreeEntry>): string {
  const hash = createHash('sha256');
  for (const file of [...entries.keys()].sort()) {
    const entry = entries.get(file);
    if (entry !== undefined) hashEntry(hash, file, entry);
  }
  return hash.digest('hex').slice(0, 12);
}

function hashEntry(hash: Hash, file: string, entry: TreeEntry): void {
  const mode = entry.kind === 'link' ? 0 : entry.mode;
  const content =
    entry.kind === 'file'
      ? entry.hash
      : entry.kind === 'link'
        ? entry.target
        : entry.kind === 'unread'
          ? entry.why
          : '';
  hash.update(`${file}\0${entry.kind}\0${mode}\0${content}\0`);
}
