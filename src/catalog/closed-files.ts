import path from 'node:path';
import { type ButaneFiles, FilesError, type FileStatus } from '../butane/butane-files.ts';
import type { CatalogTree, Located, TreeEntry } from './sources/catalog-tree.ts';

/**
 * Gives the Butane compiler the files of one folder of a closed tree: it embeds the files as they were when the tree
 * was read.
 */
export function openClosedFiles(tree: CatalogTree, folder: string): ButaneFiles {
  /** Paths are absolute or relative; both are resolved from the catalog's directory. */
  const below = (file: string): string => path.posix.normalize(file).replace(/^\/+/, '');
  const find = (operation: string, file: string): Extract<Located, { kind: 'found' }> => {
    if (file.includes('\0')) throw new FilesError(`${operation} ${file}: invalid argument`);
    const located = tree.locate(below(file));
    if (located.kind === 'found') return located;
    const reasons = {
      missing: 'no such file or directory',
      loop: 'too many levels of symbolic links',
      outside: 'this link leads out of the catalog, and is not followed',
    };
    throw new FilesError(`${operation} ${file}: ${reasons[located.kind]}`);
  };
  const own = (operation: string, file: string): TreeEntry => {
    const directory = find(operation, path.posix.dirname(below(file)));
    const name = path.posix.basename(file);
    const entry = tree.entries.get(directory.path === '' ? name : `${directory.path}/${name}`);
    if (entry === undefined) throw new FilesError(`${operation} ${file}: no such file or directory`);
    return entry;
  };
  return {
    directory: folder,
    absolute: (file) => `/${below(file)}`,
    read(file) {
      const { entry } = find('open', file);
      if (entry.kind === 'file') return entry.bytes;
      throw new FilesError(
        `read ${file}: ${entry.kind === 'directory' ? 'is a directory' : `${file} ${entry.reason}`}`,
      );
    },
    stat: (file) => describe(find('stat', file).entry),
    lstat: (file) => describe(below(file) === folder ? find('lstat', file).entry : own('lstat', file)),
    list(file) {
      const { path: real, entry } = find('open', file);
      if (entry.kind !== 'directory') throw new FilesError(`readdirent ${file}: not a directory`);
      return tree.list(real);
    },
    readLink(file) {
      const entry = own('readlink', file);
      if (entry.kind !== 'link') throw new FilesError(`readlink ${file}: invalid argument`);
      return entry.target;
    },
    realPath: (file) => `/${find('open', file).path}`,
  };
}

function describe(entry: TreeEntry): FileStatus {
  switch (entry.kind) {
    case 'file':
    case 'directory':
      return { kind: entry.kind, executable: (entry.mode & 0o111) !== 0 };
    case 'link':
      // On Linux all permission bits of a link itself are set.
      return { kind: 'symlink', executable: true };
    case 'unread':
      return { kind: entry.why === 'special' ? 'other' : 'file', executable: (entry.mode & 0o111) !== 0 };
  }
}
