import type { Config, Directory, File, Link } from '../../ignition/config.ts';

/**
 * Files, directories and links of a configuration by their path, for sugar that adds more of them. The given
 * configuration is not changed: `config` returns a new one with the additions.
 */
export class NodeTracker {
  readonly files: File[];
  readonly directories: Directory[];
  readonly links: Link[];
  readonly #original: Config;
  readonly #fileIndex: Map<string, number>;
  readonly #directoryIndex: Map<string, number>;
  readonly #linkIndex: Map<string, number>;

  constructor(config: Config) {
    this.#original = config;
    this.files = [...(config.storage?.files ?? [])];
    this.directories = [...(config.storage?.directories ?? [])];
    this.links = [...(config.storage?.links ?? [])];
    this.#fileIndex = indexByPath(this.files);
    this.#directoryIndex = indexByPath(this.directories);
    this.#linkIndex = indexByPath(this.links);
  }

  /** Whether anything exists at a path. */
  has(path: string): boolean {
    return this.#fileIndex.has(path) || this.#directoryIndex.has(path) || this.#linkIndex.has(path);
  }

  /** Index of the file at a path; of the last one if the path appears twice. */
  findFile(path: string): number | undefined {
    return this.#fileIndex.get(path);
  }

  /** Index of the link at a path. */
  findLink(path: string): number | undefined {
    return this.#linkIndex.get(path);
  }

  /** Adds a file, or a placeholder that will be replaced, and returns its index. */
  addFile(path: string, file: File): number {
    this.#fileIndex.set(path, this.files.length);
    return this.files.push(file) - 1;
  }

  /** Adds a directory and returns its index. */
  addDirectory(path: string, directory: Directory): number {
    this.#directoryIndex.set(path, this.directories.length);
    return this.directories.push(directory) - 1;
  }

  /** Adds a link, or a placeholder that will be replaced, and returns its index. */
  addLink(path: string, link: Link): number {
    this.#linkIndex.set(path, this.links.length);
    return this.links.push(link) - 1;
  }

  /** The configuration with everything that was added. */
  config(): Config {
    const { files, directories, links } = this;
    return { ...this.#original, storage: { ...this.#original.storage, directories, files, links } };
  }
}

function indexByPath(nodes: readonly { path?: string }[]): Map<string, number> {
  return new Map(nodes.map(({ path = '' }, index) => [path, index]));
}
