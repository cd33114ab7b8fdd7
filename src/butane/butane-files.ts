import { joinPath } from '../ignition/go-path.ts';
import { messages } from './messages.ts';

/** What stands at a path. */
export interface FileStatus {
  readonly kind: 'file' | 'directory' | 'symlink' | 'other';
  /** Whether any of the three execute bits is set. */
  readonly executable: boolean;
}

/**
 * The files that a Butane document may embed. The compiler does no I/O of its own: it asks for paths that it has
 * found to be inside the directory as far as their text goes. All functions are synchronous and throw FilesError.
 */
export interface ButaneFiles {
  /** The files directory as the user named it; paths in messages begin with it. */
  readonly directory: string;
  /** The absolute form of a path, by its text alone: cleaned, links not looked at. */
  absolute(path: string): string;
  /** Contents of a regular file. */
  read(path: string): Uint8Array;
  /** What is at a path, links followed. */
  stat(path: string): FileStatus;
  /** What is at a path, links not followed. */
  lstat(path: string): FileStatus;
  /** Names in a directory, in any order. */
  list(path: string): readonly string[];
  /** The target of a symbolic link, as it is written. */
  readLink(path: string): string;
  /** The absolute path without any link in it. */
  realPath(path: string): string;
}

/** A file cannot be had; the message says what was tried, on which path, and what came of it, as Go does. */
export class FilesError extends Error {
  override readonly name = 'FilesError';
}

/** How far paths are held inside the files directory. */
export interface Containment {
  /** Whether links are resolved first, so that none can lead outside. Butane looks at the text only. */
  readonly resolveLinks: boolean;
}

/**
 * The path of a local file, as a message would name it, after checking that it is inside the files directory. Throws
 * FilesError, also if there is no files directory.
 */
export function locateLocal(
  local: string,
  files: ButaneFiles | undefined,
  { resolveLinks }: Containment,
): { readonly files: ButaneFiles; readonly path: string } {
  if (!files) throw new FilesError(messages.noFilesDirectory);
  const path = joinPath(files.directory, local);
  if (!isInside(files.absolute(path), files.absolute(files.directory))) {
    throw new FilesError(messages.outsideFilesDirectory);
  }
  if (resolveLinks && !isInside(files.realPath(path), files.realPath(files.directory))) {
    throw new FilesError(messages.outsideFilesDirectory);
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
