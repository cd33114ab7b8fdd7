import { constants, type BigIntStats } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import type { HotFiles } from './hot-files.ts';
import type { TftpAnswer } from './tftp-content.ts';

/** Errors that mean that there is no such file, whatever the cause. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'EISDIR', 'ENXIO', 'EINVAL']);

/** The answer to the client for an error of the file system; undefined if the error is a fault of this host. */
export function answerToFileError(error: unknown): TftpAnswer | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (ABSENT.has(code)) return { kind: 'not-found' };
  if (code === 'EACCES' || code === 'EPERM') {
    return { kind: 'refused', reason: 'the server may not read this file' };
  }
  return undefined;
}

/** A regular file as it was on disk when it was looked up. */
export interface FoundFile {
  /** Without links, as realpath returns it. */
  readonly realPath: string;
  readonly stats: BigIntStats;
  /** Differs if the file has changed. */
  readonly key: string;
}

/**
 * Looks up a file. Undefined for anything but a regular file: devices and pipes are not opened, since opening alone can
 * block, or move a tape. Rejects with the error of the file system.
 */
export async function lookAtFile(realPath: string): Promise<FoundFile | undefined> {
  const stats = await lstat(realPath, { bigint: true });
  if (!stats.isFile()) return undefined;
  const key = [realPath, stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join('\0');
  return { realPath, stats, key };
}

/**
 * Opens a file that was looked up; `name` is for the log. Small files come from memory. Rejects with the error of the
 * file system, which is ENOENT if the file was replaced meanwhile, or has another size.
 */
export async function openFile(found: FoundFile, name: string, hot: HotFiles): Promise<TftpAnswer> {
  const size = Number(found.stats.size);
  const lease = await hot.use(found.key, size, () => readWhole(found));
  if (lease !== undefined) return { kind: 'bytes', name, ...lease };

  const handle = await openSame(found);
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

async function readWhole(found: FoundFile): Promise<Uint8Array> {
  const handle = await openSame(found);
  try {
    const bytes = Buffer.allocUnsafeSlow(Number(found.stats.size));
    if ((await readFully(handle, bytes, 0)) < bytes.length) {
      throw new Error(`${found.realPath} was truncated while it was read`);
    }
    return bytes;
  } finally {
    await handle.close();
  }
}

/** Opens the file that was looked up. A link or pipe that replaced it meanwhile is not followed, and does not block. */
async function openSame({ realPath, stats }: FoundFile): Promise<FileHandle> {
  const handle = await open(realPath, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const opened = await handle.stat({ bigint: true });
    if (opened.dev !== stats.dev || opened.ino !== stats.ino || opened.size !== stats.size) {
      throw Object.assign(new Error(`${realPath} was replaced or written to`), { code: 'ENOENT' });
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
