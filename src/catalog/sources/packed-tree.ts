import { CatalogTree, hashBytes, type TreeEntry } from './catalog-tree.ts';

/** A tree as one piece of memory, which can be transferred to another thread without a copy, and stored. */
export interface PackedTree {
  readonly root: string;
  readonly entries: readonly PackedEntry[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

type PackedEntry =
  | { readonly file: string; readonly entry: Exclude<TreeEntry, { kind: 'file' }> }
  | { readonly file: string; readonly mode: number; readonly hash: string; readonly size: number };

/** Packs the entries of a tree for which `wanted` returns true. */
export function packTree(tree: CatalogTree, wanted: (file: string) => boolean = () => true): PackedTree {
  const entries: PackedEntry[] = [];
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (const [file, entry] of tree.entries) {
    if (!wanted(file)) continue;
    if (entry.kind !== 'file') {
      entries.push({ file, entry });
      continue;
    }
    entries.push({ file, mode: entry.mode, hash: entry.hash, size: entry.bytes.length });
    pieces.push(entry.bytes);
    size += entry.bytes.length;
  }
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return { root: tree.root, entries, bytes };
}

/** The tree that was packed; its files are views of the packed bytes. */
export function unpackTree({ root, entries, bytes }: PackedTree): CatalogTree {
  const unpacked = new Map<string, TreeEntry>();
  let offset = 0;
  for (const packed of entries) {
    if ('entry' in packed) {
      unpacked.set(packed.file, packed.entry);
      continue;
    }
    const { file, mode, hash, size } = packed;
    unpacked.set(file, { kind: 'file', mode, hash, bytes: bytes.subarray(offset, offset + size) });
    offset += size;
  }
  return new CatalogTree(root, unpacked);
}

/** Whether the hashes match the bytes; a store may have damaged them. */
export function isIntact({ entries, bytes }: PackedTree): boolean {
  let offset = 0;
  for (const packed of entries) {
    if ('entry' in packed) continue;
    if (hashBytes(bytes.subarray(offset, offset + packed.size)) !== packed.hash) return false;
    offset += packed.size;
  }
  return offset === bytes.length;
}
