import { joinPath } from '../ignition/go-path.ts';
import { MESSAGES } from './messages.ts';

/** What exists at a path. */
export interface FileStatus {
  readonly kind: 'file' | 'directory' | 'symlink' | 'other';
  /** Whether any of the three execute bits is set. */
  readonly executable: boolean;
}

/**
 * The files that a Butane document may embed. The compiler does no I/O of its own: it asks only for paths whose text
 * shows that they are inside the directory. All functions are synchronous and throw FilesError.
 */
export interface ButaneFiles {
  /** The files directory as the user named it; paths in messages begin with it. */
  readonly directory: string;
  /** The absolute form of a path, from its text alone: cleaned, without resolving links. */
  absolute(path: string): string;
  /** Contents of a regular file. */
  read(path: string): Uint8Array;
  /** What exists at a path, following links. */
  stat(path: string): FileStatus;
  /** What exists at a path, not following links. */
  lstat(path: string): FileStatus;
  /** Names in a directory, in any order. */
  list(path: string): readonly string[];
  /** The target of a symbolic link, as it is written. */
  readLink(path: string): string;
  /** The absolute path with all links resolved. */
  realPath(path: string): string;
}

/** Thrown if a file cannot be read; the message says what was tried, on which path, and the result, as Go does. */
export class FilesError extends Error {
  override readonly name = 'FilesError';
}

/** How paths are confined to the files directory. */
export interface Containment {
  /** Whether links are resolved first, so that none can lead outside. Butane checks only the text of the path. */
  readonly resolveLinks: boolean;
}

/**
 * The path of a local file as messages name it, after checking that it is inside the files directory. Throws
 * FilesError, also if there is no files directory.
 */
export function locateLocal(
  local: string,
  files: ButaneFiles | undefined,
  { resolveLinks }: Containment,
): { readonly files: ButaneFiles; readonly path: string } {
  if (!files) throw new FilesError(MESSAGES.noFilesDirectory);
  const path = joinPath(files.directory, local);
  if (!isInside(files.absolute(path), files.absolute(files.directory))) {
    throw new FilesError(MESSAGES.outsideFilesDirectory);
  }
  if (resolveLinks && !isInside(files.realPath(path), files.realPath(files.directory))) {
    throw new FilesError(MESSAGES.outsideFilesDirectory);
  }
  return { files, path };
}

/** Reads a local file, which must be inside the files directory. Throws FilesError. */
export function readLocal(
  local: string,
  files: ButaneFiles | undefined,
  containment: Containment,
): Uint8Array {
  const located = locateLocal(local, files, containment);
  return located.files.read(located.path);
}

function isInside(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith('/') ? directory : `${directory}/`);
}
