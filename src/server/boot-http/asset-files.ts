import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import path from 'node:path';

/** A file that is open for serving. The receiver closes the handle. */
export interface OpenAsset {
  readonly handle: FileHandle;
  /** Size in bytes. */
  readonly size: number;
  readonly modifiedAt: Date;
  /** A strong entity tag: it changes whenever the content changes. */
  readonly etag: string;
  readonly type: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.efi': 'application/efi',
  '.gz': 'application/gzip',
  '.img': 'application/vnd.efi-img',
  '.iso': 'application/vnd.efi-iso',
  '.json': 'application/json',
  '.ign': 'application/json',
  '.ipxe': 'text/plain; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.sig': 'application/octet-stream',
};

/**
 * The media type by the file name's extension; UEFI HTTP Boot loads only files whose name or type marks them as a
 * program.
 */
export function mediaType(name: string): string {
  return TYPES[path.posix.extname(name).toLowerCase()] ?? 'application/octet-stream';
}

/**
 * Opens a file below the root by its path in a URL; undefined if there is none, if it is not a regular file, or if it
 * is outside the root, links included. Rejects only when the disk fails.
 */
export async function openAsset(root: string, urlPath: string): Promise<OpenAsset | undefined> {
  const segments = urlPath.split('/').filter((segment) => segment !== '');
  if (
    segments.length === 0 ||
    segments.some((segment) => segment.startsWith('.') || /[\\\0]/.test(segment))
  ) {
    return undefined;
  }
  return unlessMissing(async () => {
    const realRoot = await realpath(root);
    const file = await realpath(path.join(realRoot, ...segments));
    return file.startsWith(realRoot + path.sep) ? openFile(file, segments.at(-1) ?? file) : undefined;
  });
}

/**
 * Opens a file whose path is trusted, by the name in the request; undefined if there is none, or it is not a regular
 * file. Rejects only when the disk fails.
 */
export function openTrusted(file: string, name: string): Promise<OpenAsset | undefined> {
  return unlessMissing(() => openFile(file, name));
}

async function unlessMissing(opening: () => Promise<OpenAsset | undefined>): Promise<OpenAsset | undefined> {
  try {
    return await opening();
  } catch (error) {
    if (MISSING.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

async function openFile(file: string, name: string): Promise<OpenAsset | undefined> {
  // Without O_NONBLOCK, opening a pipe would block until it has a writer.
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const status = await handle.stat({ bigint: true });
    if (!status.isFile()) {
      await handle.close();
      return undefined;
    }
    return {
      handle,
      size: Number(status.size),
      modifiedAt: new Date(Number(status.mtimeMs)),
      etag: `"${status.ino.toString(36)}-${status.size.toString(36)}-${status.mtimeNs.toString(36)}"`,
      // The name of the link determines the type: shimx64.efi may lead to shimx64.efi.signed.
      type: mediaType(name),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

const MISSING: ReadonlySet<string> = new Set([
  'ENOENT',
  'ENOTDIR',
  'EACCES',
  'EISDIR',
  'ELOOP',
  'ENAMETOOLONG',
  'ENXIO',
  'EINVAL',
]);
