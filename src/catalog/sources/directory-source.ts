import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  type BigIntStats,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CatalogSource, FindNamed, ReadTree } from './catalog-source.ts';
import { CATALOG_FOLDERS, CatalogTree, hashBytes, type TreeEntry } from './catalog-tree.ts';

/** Maximum size in bytes of a file that is always read, such as a document or template. */
export const SMALL_FILE_SIZE_MAX = 4 * 1024 * 1024;
/** Maximum size in bytes of a file that Butane's `local` names. */
export const LOCAL_FILE_SIZE_MAX = 32 * 1024 * 1024;
/** Maximum total size in bytes of all files of a catalog. */
export const TREE_SIZE_MAX = 512 * 1024 * 1024;
/** Maximum number of files, folders and links in a catalog. */
export const TREE_ENTRIES_MAX = 400_000;

/**
 * Two changes within this time may have the same timestamp: file system clocks advance in steps of some milliseconds.
 */
const CLOCK_STEP_MS = 50;
/** How often a tree that changes while it is read is read again. */
const READINGS_MAX = 20;

interface Seen {
  /** Device, inode, size, permissions and times: it differs whenever anything was changed. */
  readonly signature: string;
  /** Whether it was changed so shortly before it was read that the signature may not show a further change. */
  readonly isFresh: boolean;
  readonly size: number;
  readonly entry: TreeEntry;
}

/**
 * The catalog in a directory. Only regular files are opened; links are followed only inside the directory.
 *
 * A tree that changes while it is read is scanned again until two scans in a row agree, by the change time of each
 * file, folder and link. The returned tree therefore existed in this state at one moment between these scans. Files
 * that did not change since the previous reading are not read again.
 */
export class DirectorySource implements CatalogSource {
  readonly name: string;
  readonly #now: () => number;
  #seen = new Map<string, Seen>();

  /** `now`: milliseconds since the epoch, by the clock that the file system has too. */
  constructor(directory: string, now: () => number) {
    this.name = directory;
    this.#now = now;
  }

  async read(findNamed: FindNamed): Promise<ReadTree> {
    let root: string;
    try {
      root = realpathSync(this.name);
      readdirSync(root);
    } catch (error) {
      return { kind: 'unreadable', reason: describeFailure(error) };
    }
    let before: string | undefined;
    for (let reading = 1; reading <= READINGS_MAX; reading++) {
      const look = new DirectoryLook(root, this.#seen, this.#now);
      const failure = look.read(findNamed);
      if (failure !== undefined) return { kind: 'unreadable', reason: failure };
      this.#seen = look.seen;
      if (look.signature === before) return { kind: 'tree', tree: new CatalogTree(root, look.entries()) };
      before = look.signature;
      if (look.isFresh) await sleep(2 * CLOCK_STEP_MS);
    }
    return { kind: 'unreadable', reason: 'changes faster than it can be read; it will be read again' };
  }
}

/** One scan of a directory. */
class DirectoryLook {
  readonly seen = new Map<string, Seen>();
  /** Whether anything was changed just before it was read. */
  isFresh = false;
  readonly #root: string;
  readonly #before: ReadonlyMap<string, Seen>;
  readonly #now: () => number;
  readonly #listed = new Set<string>();
  #size = 0;

  constructor(root: string, before: ReadonlyMap<string, Seen>, now: () => number) {
    this.#root = root;
    this.#before = before;
    this.#now = now;
  }

  /** Reads everything; returns the reason if that fails. */
  read(findNamed: FindNamed): string | undefined {
    try {
      for (const folder of CATALOG_FOLDERS) this.#visit(folder);
    } catch (error) {
      if (error instanceof TooMuch) return error.message;
      throw error;
    }
    const large = [...this.seen].filter(([, { entry }]) => isUnnamed(entry)).map(([file]) => file);
    if (large.length === 0) return undefined;
    for (const file of findNamed(new CatalogTree(this.#root, this.entries()), large)) this.#readNamed(file);
    return undefined;
  }

  entries(): Map<string, TreeEntry> {
    return new Map([...this.seen].map(([file, { entry }]) => [file, entry]));
  }

  /** Equal for two scans that found the same. */
  get signature(): string {
    const lines = [...this.seen].map(([file, { signature, entry }]) => {
      // For a file that was changed just now, compare the content: its timestamps may not show another change.
      const content = entry.kind === 'file' ? entry.hash : '';
      return `${file}\0${signature}\0${content}\n`;
    });
    return hashBytes(Buffer.from(lines.join('')));
  }

  /** Scans a path, everything below it, and the targets of links. */
  #visit(file: string): void {
    let at = '';
    const parts = file.split('/');
    for (const [index, part] of parts.entries()) {
      at = at === '' ? part : `${at}/${part}`;
      const seen = this.#look(at);
      if (seen === undefined) return;
      if (seen.entry.kind !== 'link') continue;
      const target = this.#follow(at, seen.entry.target);
      if (target !== undefined) this.#visit([target, ...parts.slice(index + 1)].join('/'));
      return;
    }
    if (this.seen.get(at)?.entry.kind === 'directory') this.#list(at);
  }

  #list(directory: string): void {
    if (this.#listed.has(directory)) return;
    this.#listed.add(directory);
    let names: string[];
    try {
      names = readdirSync(path.join(this.#root, directory)).sort();
    } catch (error) {
      const seen = this.seen.get(directory);
      if (seen !== undefined)
        this.seen.set(directory, { ...seen, entry: unread(0, 'failed', describeFailure(error)) });
      return;
    }
    for (const name of names) if (!isPassing(name)) this.#visit(`${directory}/${name}`);
  }

  #look(file: string): Seen | undefined {
    const known = this.seen.get(file);
    if (known !== undefined) return known;
    if (this.seen.size >= TREE_ENTRIES_MAX)
      throw new TooMuch(`has more than ${TREE_ENTRIES_MAX} files, which is the most that a catalog can have`);
    let stats: BigIntStats;
    try {
      stats = lstatSync(path.join(this.#root, file), { bigint: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      const entry = unread(0, 'failed', describeFailure(error));
      const seen = { signature: 'failed', isFresh: false, size: 0, entry };
      this.seen.set(file, seen);
      return seen;
    }
    const signature = describeStats(stats);
    const before = this.#before.get(file);
    const isFresh = Number(stats.ctimeMs) >= this.#now() - CLOCK_STEP_MS;
    const seen: Seen =
      before?.signature === signature && !before.isFresh && !isFailed(before.entry)
        ? before
        : { signature, isFresh, size: Number(stats.size), entry: this.#entryOf(file, stats) };
    this.isFresh ||= seen.isFresh;
    if (seen.entry.kind === 'file') this.#size += seen.entry.bytes.length;
    this.seen.set(file, seen);
    return seen;
  }

  #entryOf(file: string, stats: BigIntStats): TreeEntry {
    const mode = Number(stats.mode) & 0o777;
    if (stats.isDirectory()) return { kind: 'directory', mode };
    if (stats.isSymbolicLink()) return this.#readLink(file);
    if (!stats.isFile()) return unread(mode, 'special', `is ${describeSpecial(stats)}, not a regular file`);
    const size = Number(stats.size);
    if (size > LOCAL_FILE_SIZE_MAX)
      return unread(
        mode,
        'large',
        `has ${size} bytes; a file of a catalog has at most ${LOCAL_FILE_SIZE_MAX}`,
      );
    if (size > SMALL_FILE_SIZE_MAX) {
      const reason = `has ${size} bytes; files over ${SMALL_FILE_SIZE_MAX} are read if a template names them in full`;
      return unread(mode, 'unnamed', reason);
    }
    return this.#readFile(file, mode, size);
  }

  #readLink(file: string): TreeEntry {
    try {
      return { kind: 'link', target: readlinkSync(path.join(this.#root, file)) };
    } catch (error) {
      return unread(0, 'failed', describeFailure(error));
    }
  }

  #readNamed(file: string): void {
    const seen = this.seen.get(file);
    if (seen === undefined || seen.entry.kind !== 'unread' || seen.size > LOCAL_FILE_SIZE_MAX) return;
    const entry = this.#readFile(file, seen.entry.mode, seen.size);
    if (entry.kind === 'file') this.#size += entry.bytes.length;
    this.seen.set(file, { ...seen, entry });
  }

  #readFile(file: string, mode: number, size: number): TreeEntry {
    if (this.#size + size > TREE_SIZE_MAX)
      return unread(
        mode,
        'large',
        `does not fit: the files of a catalog have at most ${TREE_SIZE_MAX} bytes together`,
      );
    try {
      const bytes = readRegular(path.join(this.#root, file), size);
      return { kind: 'file', mode, bytes, hash: hashBytes(bytes) };
    } catch (error) {
      return unread(mode, 'failed', describeFailure(error));
    }
  }

  /** The path below the root to which a link leads; undefined if it leads out. */
  #follow(link: string, target: string): string | undefined {
    const real = path.posix.normalize(path.posix.join('/', this.#root, path.posix.dirname(link), target));
    const absolute = target.startsWith('/') ? path.posix.normalize(target) : real;
    const below = path.posix.relative(this.#root, absolute);
    return below === '' || below === '..' || below.startsWith('../') ? undefined : below;
  }
}

class TooMuch extends Error {}

/** Reads a file of the size that was seen. Never blocks if the file was replaced by a pipe meanwhile. */
function readRegular(file: string, size: number): Uint8Array {
  // Without O_NONBLOCK, opening a pipe that has no writer would block for ever.
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    if (!fstatSync(descriptor).isFile()) throw new Error('is not a regular file');
    const bytes = Buffer.alloc(size);
    let length = 0;
    while (length < size) {
      const count = readSync(descriptor, bytes, length, size - length, length);
      if (count === 0) break;
      length += count;
    }
    return bytes.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}

/** Files that editors and version control create beside an operator's files. */
function isPassing(name: string): boolean {
  return name === '.git' || name.endsWith('~') || /^\..*\.sw[a-z]$/.test(name) || /^\.?#/.test(name);
}

function isFailed(entry: TreeEntry): boolean {
  return entry.kind === 'unread' && entry.why === 'failed';
}

function isUnnamed(entry: TreeEntry): boolean {
  return entry.kind === 'unread' && entry.why === 'unnamed';
}

function unread(mode: number, why: 'failed' | 'large' | 'unnamed' | 'special', reason: string): TreeEntry {
  return { kind: 'unread', mode, why, reason };
}

function describeStats({ dev, ino, size, mode, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mode, mtimeNs, ctimeNs].join(' ');
}

function describeSpecial(stats: BigIntStats): string {
  if (stats.isFIFO()) return 'a named pipe';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}

function describeFailure(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'does not exist',
    EACCES: 'cannot be read: permission denied',
    EPERM: 'cannot be read: operation not permitted',
    ENOTDIR: 'is not a directory',
    EIO: 'cannot be read: input/output error',
    ESTALE: 'cannot be read: the file system is gone (stale NFS handle)',
  };
  return reasons[code ?? ''] ?? `cannot be read: ${message}`;
}
