import { existsSync } from 'node:fs';
import type { CheckedCatalog } from '../catalog/load-catalog.ts';
import { decodeKeptFiles, type KeptFiles } from '../catalog/kept-catalog.ts';
import { readKeptCatalog, type StoreSettings } from '../store/open-store.ts';

/** What a store has of the last good catalog. */
export interface FoundCatalog {
  readonly kept?: { readonly files: KeptFiles; readonly generation: string; readonly keptAt: Date };
  /** Why there is nothing, where that is worth a line. */
  readonly note?: string;
}

/** Looks for the last good catalog in the store of a server, running or not. A database that does not exist has none. */
export async function findKeptCatalog(store: StoreSettings): Promise<FoundCatalog> {
  if (!('url' in store) && !existsSync(store.file)) return {};
  try {
    const kept = await readKeptCatalog(store);
    if (kept === undefined) return {};
    const files = decodeKeptFiles(kept.content);
    if (files === undefined) {
      return { note: 'the last good catalog in the store is damaged or of another version, and is not used' };
    }
    return { kept: { files, generation: kept.generation, keptAt: kept.keptAt } };
  } catch (error) {
    return { note: `what a server would serve instead is not known: ${(error as Error).message}` };
  }
}

/** What a server with this store serves in place of what cannot be used, a sentence each. */
export function describeStandIns(
  { brokenFiles, from, standIns }: CheckedCatalog,
  { kept, note }: FoundCatalog,
): string[] {
  if (kept === undefined) return note === undefined ? [] : [note];
  if (from === 'kept') {
    const { generation, keptAt } = kept;
    return [
      `generation ${generation}, stored at ${keptAt.toISOString()}, is served in place of this directory`,
    ];
  }
  const known = new Set(standIns.map(({ file }) => file));
  return [
    ...standIns.map(({ file, since }) =>
      brokenFiles.has(file)
        ? `${file}: its machines wait; which these are is known from its last good version, of ${since.toISOString()}`
        : `${file}: its last good version, of ${since.toISOString()}, is served`,
    ),
    ...[...brokenFiles]
      .filter((file) => !known.has(file))
      .map((file) => `${file}: its machines wait; no good version of it was ever served`),
  ];
}
