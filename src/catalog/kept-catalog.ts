import { gunzipSync, gzipSync } from 'node:zlib';
import type { CatalogTree } from './sources/catalog-tree.ts';
import { type TreeEntry } from './sources/catalog-tree.ts';
import { isIntact, type PackedTree, packTree, unpackTree } from './sources/packed-tree.ts';

/** The last good version of every file of a catalog, which a store keeps across restarts. */
export interface KeptFiles {
  readonly tree: CatalogTree;
  /** Since when the file has this content, in milliseconds since 1970. */
  readonly since: ReadonlyMap<string, number>;
}

/** Distinguishes this format from that of later versions of Railhead. */
const FORMAT = 'railhead catalog 1';
/** Maximum unpacked size of a stored catalog in bytes: the limit of a tree, and the list of its files. */
const UNPACKED_SIZE_MAX = 1024 * 1024 * 1024;

/** What is stored after a load: the current files, but the previous version of those that are broken. */
export function keepGoodFiles(
  tree: CatalogTree,
  brokenFiles: ReadonlySet<string>,
  before: KeptFiles | undefined,
  nowMs: number,
): KeptFiles {
  const changes = new Map<string, TreeEntry | undefined>();
  for (const file of brokenFiles) changes.set(file, before?.tree.entries.get(file));
  const kept = tree.with(changes);
  const since = new Map<string, number>();
  for (const [file, entry] of kept.entries) {
    const was = before?.tree.entries.get(file);
    const isSame = entry.kind === 'file' && was?.kind === 'file' && was.hash === entry.hash;
    if (entry.kind === 'file') since.set(file, (isSame ? before?.since.get(file) : undefined) ?? nowMs);
  }
  return { tree: kept, since };
}

/** Encodes the files as bytes for a store. */
export function encodeKeptFiles({ since, tree }: KeptFiles): Uint8Array {
  const { bytes, entries, root } = packTree(tree);
  const head = Buffer.from(JSON.stringify({ format: FORMAT, root, entries, since: [...since] }));
  const size = Buffer.alloc(4);
  size.writeUInt32BE(head.length);
  return gzipSync(Buffer.concat([size, head, bytes]), { level: 1 });
}

/** Decodes the result of `encodeKeptFiles`; undefined if it is damaged, or from another version. */
export function decodeKeptFiles(content: Uint8Array): KeptFiles | undefined {
  try {
    const all = gunzipSync(content, { maxOutputLength: UNPACKED_SIZE_MAX });
    const headSize = all.readUInt32BE(0);
    const head = JSON.parse(all.subarray(4, 4 + headSize).toString()) as Omit<PackedTree, 'bytes'> & {
      readonly format: string;
      readonly since: readonly [string, number][];
    };
    if (head.format !== FORMAT) return undefined;
    const packed = {
      root: head.root,
      entries: head.entries,
      bytes: new Uint8Array(all.subarray(4 + headSize)),
    };
    return isIntact(packed) ? { tree: unpackTree(packed), since: new Map(head.since) } : undefined;
  } catch {
    return undefined;
  }
}
