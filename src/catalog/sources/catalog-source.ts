import type { CatalogTree } from './catalog-tree.ts';

/** Tells by path which of the large files are named in the tree; others are not read. */
export type FindNamed = (tree: CatalogTree, large: readonly string[]) => readonly string[];

/** The result of reading a source. */
export type ReadTree =
  | { readonly kind: 'tree'; readonly tree: CatalogTree }
  /** The source as a whole cannot be read; the reason ends a sentence that begins with its name. */
  | { readonly kind: 'unreadable'; readonly reason: string };

/**
 * Where the documents of a catalog come from. A source returns a closed set of files: everything that a generation will
 * need is in memory after reading.
 */
export interface CatalogSource {
  /** Its name in messages: a directory's path. */
  readonly name: string;
  /** Reads the current files. Never rejects because of errors in the files. */
  read(findNamed: FindNamed): Promise<ReadTree>;
}
