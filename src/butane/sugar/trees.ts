import type { Config, File, Int, NodeOwner } from '../../ignition/config.ts';
import { joinPath } from '../../ignition/go-path.ts';
import type { Path } from '../../ignition/report.ts';
import { locateLocal } from '../butane-files.ts';
import type { ButaneFiles, FileStatus } from '../butane-files.ts';
import { encodeContents } from '../encode-contents.ts';
import { encodeFileName } from '../file-name.ts';
import { MESSAGES } from '../messages.ts';
import { NodeTracker } from './node-tracker.ts';
import type { Translations } from '../provenance.ts';
import type { TranslationContext } from '../translation-context.ts';

/** A directory whose files are embedded. */
export type Tree = {
  group?: NodeOwner;
  local?: string;
  path?: string;
  user?: NodeOwner;
  file_mode?: Int;
  dir_mode?: Int;
};

const DEFAULT_FILE_MODE = 0o644;
const EXECUTABLE_FILE_MODE = 0o755;
const DEFAULT_DIRECTORY_MODE = 0o755;
/** Maximum number of files, directories and links in one tree; far more than any machine can be sent. */
const MAX_TREE_NODES = 200_000;

/** Adds the files and links of trees. Each gets the same path below the tree's own path as in the tree. */
export function addTrees(
  trees: readonly Tree[],
  config: Config,
  provenance: Translations,
  context: TranslationContext,
): Config {
  if (trees.length === 0) return config;
  const nodes = new NodeTracker(config);
  for (const [index, tree] of trees.entries()) {
    const at = ['storage', 'trees', index];
    if (!context.files) {
      context.error(MESSAGES.noFilesDirectory, at);
      break;
    }
    const root = context.attempt(at, () => {
      const located = locateLocal(tree.local ?? '', context.files, context.containment);
      return { ...located, status: located.files.stat(located.path) };
    });
    if (!root) continue;
    if (root.status.kind === 'directory') {
      new TreeWalk(tree, at, root.files, nodes, provenance, context).walk(root.path);
    } else {
      context.error(MESSAGES.treeNotDirectory, at);
    }
  }
  return nodes.config();
}

/** One walk through a tree. Errors are reported at the tree, and the walk continues. */
class TreeWalk {
  readonly #tree: Tree;
  readonly #at: Path;
  readonly #files: ButaneFiles;
  readonly #nodes: NodeTracker;
  readonly #provenance: Translations;
  readonly #context: TranslationContext;
  #visited = 0;

  constructor(
    tree: Tree,
    at: Path,
    files: ButaneFiles,
    nodes: NodeTracker,
    provenance: Translations,
    context: TranslationContext,
  ) {
    this.#tree = tree;
    this.#at = at;
    this.#files = files;
    this.#nodes = nodes;
    this.#provenance = provenance;
    this.#context = context;
  }

  walk(root: string): void {
    // The root is checked again without following links: a root that is a link becomes a link.
    this.#visit(root, joinPath(this.#tree.path || '/', '.'));
  }

  #visit(path: string, destination: string): void {
    if (++this.#visited > MAX_TREE_NODES) {
      if (this.#visited === MAX_TREE_NODES + 1) {
        this.#context.error(
          `the tree has more than ${MAX_TREE_NODES} files; split it or embed an archive`,
          this.#at,
        );
      }
      return;
    }
    const context = this.#context;
    const files = this.#files;
    const status = context.attempt(this.#at, () => files.lstat(path));
    if (!status) return;
    switch (status.kind) {
      case 'directory':
        this.#addDirectory(destination);
        for (const name of this.#sortedNames(path))
          this.#visit(joinPath(path, name), joinPath(destination, name));
        return;
      case 'file':
        this.#addFile(path, destination, status);
        return;
      case 'symlink':
        this.#addLink(path, destination);
        return;
      case 'other':
        context.error(MESSAGES.treeFileType, this.#at);
    }
  }

  /** Names in the order of their bytes, as Go sorts. */
  #sortedNames(path: string): string[] {
    const names = this.#context.attempt(this.#at, () => this.#files.list(path)) ?? [];
    return names
      .map((name) => ({ name, bytes: Buffer.from(encodeFileName(name)) }))
      .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
      .map(({ name }) => name);
  }

  #addDirectory(destination: string): void {
    const { dir_mode: mode } = this.#tree;
    const owner = this.#owner();
    if (mode === undefined && Object.keys(owner).length === 0) return;
    if (this.#nodes.has(destination)) {
      this.#context.error(MESSAGES.nodeExists, this.#at);
      return;
    }
    const directory = { path: destination, ...owner, mode: mode ?? DEFAULT_DIRECTORY_MODE };
    const index = this.#nodes.addDirectory(destination, directory);
    this.#traceNew('directories', index);
  }

  /** Adds a file, or adds the contents to a file of the document at the same path that has none. */
  #addFile(path: string, destination: string, status: FileStatus): void {
    const nodes = this.#nodes;
    const context = this.#context;
    const existing = nodes.findFile(destination);
    const known = existing === undefined ? undefined : nodes.files[existing];
    if (known?.contents?.source || (!known && nodes.has(destination))) {
      context.error(MESSAGES.nodeExists, this.#at);
      return;
    }
    const file: File = known ?? { path: destination, ...this.#owner() };
    const index = existing ?? nodes.addFile(destination, file);
    if (existing === undefined) this.#traceNew('files', index);

    const bytes = context.embed(this.#at, () => this.#files.read(path));
    if (!bytes) return;
    const contents = { ...file.contents, ...encodeContents(bytes, file.contents?.compression) };
    const mode = file.mode ?? this.#fileMode(status);
    nodes.files[index] = { ...file, contents, mode };

    const to = ['storage', 'files', index];
    this.#provenance.add(this.#at, [...to, 'contents']);
    this.#provenance.add(this.#at, [...to, 'contents', 'source']);
    if (!file.contents?.compression) this.#provenance.add(this.#at, [...to, 'contents', 'compression']);
    if (file.mode === undefined) this.#provenance.add(this.#at, [...to, 'mode']);
  }

  #fileMode({ executable }: FileStatus): Int {
    return this.#tree.file_mode ?? (executable ? EXECUTABLE_FILE_MODE : DEFAULT_FILE_MODE);
  }

  #addLink(path: string, destination: string): void {
    const nodes = this.#nodes;
    const context = this.#context;
    const existing = nodes.findLink(destination);
    const known = existing === undefined ? undefined : nodes.links[existing];
    if (known?.target || (!known && nodes.has(destination))) {
      context.error(MESSAGES.nodeExists, this.#at);
      return;
    }
    const link = known ?? { path: destination, ...this.#owner() };
    const index = existing ?? nodes.addLink(destination, link);
    if (existing === undefined) this.#traceNew('links', index);

    const target = context.attempt(this.#at, () => this.#files.readLink(path));
    if (target === undefined) return;
    nodes.links[index] = { ...link, target };
    this.#provenance.add(this.#at, ['storage', 'links', index, 'target']);
  }

  #owner(): { user?: NodeOwner; group?: NodeOwner } {
    const { user, group } = this.#tree;
    return {
      ...(user?.id === undefined && user?.name === undefined ? {} : { user }),
      ...(group?.id === undefined && group?.name === undefined ? {} : { group }),
    };
  }

  #traceNew(list: 'files' | 'directories' | 'links', index: number): void {
    this.#provenance.addWhole(this.#at, ['storage', list, index]);
    if (index === 0) this.#provenance.add(this.#at, ['storage', list]);
  }
}
