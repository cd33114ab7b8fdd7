import { open, realpath, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * Why machines cannot load a file below the folder behind `/assets/`, as the end of a sentence about the file, `does not
 * exist`; undefined when they can. `urlPath` is written as in a URL. Never rejects.
 */
export async function findAssetFault(root: string, urlPath: string): Promise<string | undefined> {
  const name = decodePath(urlPath);
  if (name === undefined)
    return 'has a percent sign that is not part of an escape such as %20: write the character % as %25';
  if (name.split('/').some((segment) => segment.startsWith('.'))) {
    return 'is not served, because a part of its path begins with a dot';
  }
  try {
    const realRoot = await realpath(root);
    const file = await realpath(path.join(realRoot, name));
    if (!file.startsWith(realRoot + path.sep))
      return `is a link that leads out of ${root}, and is not served`;
    const status = await stat(file);
    if (status.isDirectory()) return 'is a folder, not a file';
    if (!status.isFile()) return 'is not a regular file';
    if (status.size === 0) return 'is empty';
    await (await open(file)).close();
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist';
    if (code === 'EACCES') return 'cannot be read by this user';
    return `cannot be read: ${message}`;
  }
}

function decodePath(urlPath: string): string | undefined {
  try {
    return decodeURIComponent(urlPath);
  } catch {
    return undefined;
  }
}
