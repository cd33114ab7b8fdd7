import { createHash } from 'node:crypto';
import { readdir, readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Problem } from '../documents/problem.ts';

/** Files of a catalog, by their path below its directory, with `/` on every system. */
export type CatalogFiles = ReadonlyMap<string, Buffer>;

/** The folders that make a catalog. */
export const CATALOG_FOLDERS = ['profiles', 'groups', 'machines'] as const;

const FILE_SIZE_MAX = 4 * 1024 * 1024;
const FILES_MAX = 200_000;

/**
 * Reads every file of a catalog into memory, so that one moment of the tree is compiled and nothing is read later.
 * Folders that do not exist are empty. Links may lead anywhere inside the catalog's directory; one that leads out,
 * and a file that cannot be read, is a problem.
 */
export async function readCatalogFiles(
  directory: string,
): Promise<{ files: CatalogFiles; problems: Problem[] }> {
  const files = new Map<string, Buffer>();
  const problems: Problem[] = [];
  let root: string;
  try {
    root = await realpath(directory);
  } catch {
    return { files, problems: [{ file: directory, message: 'there is no such directory' }] };
  }
  const visit = async (relative: string): Promise<void> => {
    const entries = await readdir(path.join(root, relative), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      // Editors and Git keep files of their own beside ours.
      if (entry.name.startsWith('.') || entry.name.endsWith('~')) continue;
      const file = `${relative}/${entry.name}`;
      if (entry.isDirectory()) await visit(file);
      else await readOne(file);
    }
  };
  const readOne = async (file: string): Promise<void> => {
    try {
      const real = await realpath(path.join(root, file));
      if (!real.startsWith(root + path.sep)) {
        problems.push({ file, message: 'this link leads out of the catalog, and is not followed' });
        return;
      }
      if (files.size >= FILES_MAX) throw new Error(`a catalog has at most ${FILES_MAX} files`);
      const bytes = await readFile(real);
      if (bytes.length > FILE_SIZE_MAX)
        throw new Error(`the file has ${bytes.length} bytes, more than ${FILE_SIZE_MAX}`);
      files.set(file, bytes);
    } catch (error) {
      problems.push({ file, message: `cannot be read: ${(error as Error).message}` });
    }
  };
  for (const folder of CATALOG_FOLDERS) {
    try {
      await visit(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      problems.push({ file: folder, message: `cannot be read: ${(error as Error).message}` });
    }
  }
  return { files, problems };
}

/** An id for the content of a catalog. */
export function hashCatalogFiles(files: CatalogFiles): string {
  const hash = createHash('sha256');
  for (const [file, bytes] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${file}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex').slice(0, 12);
}
