import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';

/** A regular file below a folder. */
export interface ListedFile {
  /** Below the folder, with slashes. */
  readonly path: string;
  readonly size: number;
  readonly modifiedAt: Date;
}

/**
 * The regular files below a folder, by path, at most `max` of them; none if there is no folder. Links are followed as long
 * as they stay inside, since profiles name files by them (`flatcar/current/...`), but not in circles.
 */
export async function listFiles(
  folder: string,
  max: number,
): Promise<{ readonly files: readonly ListedFile[]; readonly isComplete: boolean }> {
  const root = await realpath(folder).catch(() => undefined);
  if (root === undefined) return { files: [], isComplete: true };
  const files: ListedFile[] = [];
  const folders: { readonly below: string; readonly above: readonly string[] }[] = [
    { below: '', above: [root] },
  ];
  for (let next = folders.shift(); next !== undefined; next = folders.shift()) {
    const { above, below } = next;
    for (const name of await namesIn(path.join(root, below))) {
      const one = path.posix.join(below, name);
      // What is gone, may not be read or leads out is not served, and so not listed.
      const real = await realpath(path.join(root, one)).catch(() => undefined);
      if (real === undefined || !real.startsWith(root + path.sep)) continue;
      const status = await stat(real);
      if (status.isDirectory() && !above.includes(real)) {
        folders.push({ below: one, above: [...above, real] });
      } else if (status.isFile()) {
        if (files.length === max) return { files: sorted(files), isComplete: false };
        files.push({ path: one, size: status.size, modifiedAt: status.mtime });
      }
    }
  }
  return { files: sorted(files), isComplete: true };
}

/** A folder that is gone, or that may not be read, has no files. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}

function sorted(files: ListedFile[]): ListedFile[] {
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}
