import type { CatalogTree } from './catalog-tree.ts';

/** Of the files that are too large to be read on suspicion, by path, those that something in the tree names. */
export type FindNamed = (tree: CatalogTree, large: readonly string[]) => readonly string[];

/** What came of reading a source. */
export type ReadTree =
  | { readonly kind: 'tree'; readonly tree: CatalogTree }
  /** The source as a whole cannot be read; the reason ends a sentence that begins with its name. */
  | { readonly kind: 'unreadable'; readonly reason: string };

/**
 * Where the documents of a catalog come from. A source gives a closed set of files: all that a generation will ever
 * need of them is in memory once it was read.
 */
export interface CatalogSource {
  /** How people know it: a directory's path. */
  readonly name: string;
  /** Reads everything there is now. Rejects for nothing that may be wrong with the files. */
  read(findNamed: FindNamed): Promise<ReadTree>;
}
