import { constants, type BigIntStats } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import type { HotFiles } from './hot-files.ts';
import type { TftpAnswer } from './tftp-content.ts';

/** Errors that mean that there is no such file, whatever made it so. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'EISDIR', 'ENXIO', 'EINVAL']);

/** What an error of the file system means for the client; undefined if it is our trouble and not an answer. */
export function answerToFileError(error: unknown): TftpAnswer | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (ABSENT.has(code)) return { kind: 'not-found' };
  if (code === 'EACCES' || code === 'EPERM') {
    return { kind: 'refused', reason: 'the server may not read this file' };
  }
  return undefined;
}

/**
 * Opens a regular file at a path without links, as realpath gives it; `name` is for the log. Small files come from
 * memory. Devices and pipes are no files, and are not opened: opening alone can block, or move a tape. Rejects with the
 * error of the file system.
 */
export async function openFile(realPath: string, name: string, hot: HotFiles): Promise<TftpAnswer> {
  const found = await lstat(realPath, { bigint: true });
  if (!found.isFile()) return { kind: 'not-found' };
  const size = Number(found.size);
  const key = [realPath, found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join('\0');
  const lease = await hot.use(key, size, () => readWhole(realPath, found));
  if (lease !== undefined) return { kind: 'bytes', name, ...lease };

  const handle = await openSame(realPath, found);
  return {
    kind: 'stream',
    name,
    stream: {
      size,
      read: (target, position) => readFully(handle, target, position),
      close: () => handle.close(),
    },
  };
}

async function readWhole(realPath: string, found: BigIntStats): Promise<Uint8Array> {
  const handle = await openSame(realPath, found);
  try {
    const bytes = Buffer.allocUnsafeSlow(Number(found.size));
    if ((await readFully(handle, bytes, 0)) < bytes.length) throw new Error(`${realPath} has become shorter`);
    return bytes;
  } finally {
    await handle.close();
  }
}

/** Opens what was looked at. A link or a pipe that took its place meanwhile is not followed, and does not block. */
async function openSame(realPath: string, found: BigIntStats): Promise<FileHandle> {
  const handle = await open(realPath, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const opened = await handle.stat({ bigint: true });
    if (opened.dev !== found.dev || opened.ino !== found.ino) {
      throw Object.assign(new Error(`${realPath} was replaced while it was opened`), { code: 'ENOENT' });
    }
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function readFully(handle: FileHandle, target: Uint8Array, position: number): Promise<number> {
  let filled = 0;
  while (filled < target.length) {
    const { bytesRead } = await handle.read(target, filled, target.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}
