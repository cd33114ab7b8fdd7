import type { Problem } from '../documents/problem.ts';
import type { CatalogContent } from './catalog-content.ts';
import { CatalogCompiler } from './compile-catalog.ts';
import { keepGoodFiles, type KeptFiles } from './kept-catalog.ts';
import { namedFilesOf, withFolders } from './named-files.ts';
import type { CatalogSource, FindNamed } from './sources/catalog-source.ts';
import type { CatalogTree, TreeEntry } from './sources/catalog-tree.ts';

/** A file whose last good version is used. */
export interface StandIn {
  readonly file: string;
  /** When that version was first found good. */
  readonly since: Date;
}

/** The result of a load. */
export type Loaded =
  | {
      readonly kind: 'content';
      readonly content: CatalogContent;
      /** Whether these are the current files or, if those cannot be read at all, the stored ones. */
      readonly from: 'files' | 'kept';
      readonly standIns: readonly StandIn[];
      readonly problems: readonly Problem[];
      /** What to store now; absent if it is stored already. */
      readonly keep?: KeptFiles;
    }
  /** No files can be read, and none are stored. */
  | { readonly kind: 'nothing'; readonly problems: readonly Problem[] };

/** Loads the catalog of one source repeatedly, and remembers the last good version of each file. */
export class CatalogLoader {
  readonly #source: CatalogSource;
  readonly #compiler = new CatalogCompiler();
  #kept: KeptFiles | undefined;

  constructor(source: CatalogSource, kept?: KeptFiles) {
    this.#source = source;
    this.#kept = kept;
  }

  /** Reads and compiles the current files. Never rejects because of errors in the files. */
  async load(nowMs: number): Promise<Loaded> {
    const read = await this.#source.read(findNamed);
    const kept = this.#kept;
    const lost = read.kind === 'unreadable' ? read.reason : this.#describeEmpty(read.tree);
    if (lost !== undefined || read.kind === 'unreadable') {
      const problem = { file: this.#source.name, message: `this directory ${lost}` };
      if (kept === undefined) return { kind: 'nothing', problems: [problem] };
      const content = this.#compiler.compile(kept.tree, kept.tree);
      return {
        kind: 'content',
        content,
        from: 'kept',
        standIns: [],
        problems: [problem, ...content.problems],
      };
    }
    const { problems, tree } = restoreUnreadable(read.tree, kept?.tree);
    const content = this.#compiler.compile(tree, kept?.tree);
    const keep = keepGoodFiles(tree, content.brokenFiles, kept, nowMs);
    this.#kept = keep;
    const missing = [...problems.map(({ file }) => file), ...content.brokenFiles];
    return {
      kind: 'content',
      content,
      from: 'files',
      standIns: standInsOf(new Set(missing), kept),
      problems: [...problems, ...content.problems],
      ...(keep.tree.id !== kept?.tree.id && { keep }),
    };
  }

  /** If there was a catalog before, a directory without any of its folders means that a disk is not mounted. */
  #describeEmpty(tree: CatalogTree): string | undefined {
    if (!tree.isEmpty || this.#kept === undefined || this.#kept.tree.isEmpty) return undefined;
    return 'has no profiles/, groups/ or machines/ any more: mount or restore it, or make an empty profiles/ to begin anew';
  }
}

/** Tells which large files to read: those that templates name. */
const findNamed: FindNamed = (tree, large) => {
  const named = namedFilesOf(tree);
  return large.filter(
    (file) => !file.startsWith('profiles/') || named.mayHave(file.slice('profiles/'.length)),
  );
};

/** Uses the last good version of files that could not be read at all, since their author changed nothing. */
function restoreUnreadable(
  tree: CatalogTree,
  kept: CatalogTree | undefined,
): { tree: CatalogTree; problems: Problem[] } {
  const failed = new Map<string, string>();
  for (const [file, entry] of tree.entries) {
    if (entry.kind === 'unread' && entry.why === 'failed') failed.set(file, entry.reason);
  }
  if (failed.size === 0 || kept === undefined) return { tree, problems: [] };
  const restored = new Set<string>();
  const changes = new Map<string, TreeEntry>();
  for (const [file, was] of kept.entries) {
    const lost = withFolders(file).find((path) => failed.has(path));
    if (lost === undefined) continue;
    changes.set(file, was);
    restored.add(lost);
  }
  const problems = [...restored].map((file) => ({
    file,
    message: `this ${failed.get(file)}; its last good version serves`,
  }));
  return { tree: tree.with(changes), problems };
}

function standInsOf(files: ReadonlySet<string>, kept: KeptFiles | undefined): StandIn[] {
  if (kept === undefined || files.size === 0) return [];
  return [...kept.since]
    .filter(([file]) => withFolders(file).some((path) => files.has(path)))
    .map(([file, sinceMs]) => ({ file, since: new Date(sinceMs) }));
}
