import { access, constants, statfs } from 'node:fs/promises';
import path from 'node:path';
import { FREE_BYTES_MIN } from '../store/sqlite/sqlite-errors.ts';
import type { Finding } from './finding.ts';

/** With less free space than this the database will soon be unable to write. */
const ROOM_BYTES_MIN = 100 * 1024 * 1024;
const MEGABYTE = 1024 * 1024;

/** The state of a folder's disk. */
export interface DiskState {
  readonly freeBytes: number;
  readonly writable: boolean;
}

/** Checks that the database's disk has free space and is writable: otherwise no new lease can be given. */
export async function checkDisk(
  file: string,
  readDisk: (folder: string) => Promise<DiskState> = readDiskOf,
): Promise<Finding> {
  const check = 'disk';
  const folder = path.dirname(file);
  let disk: DiskState;
  try {
    disk = await readDisk(folder);
  } catch (error) {
    const text = `the folder of the database, ${folder}, cannot be read: ${(error as Error).message}`;
    return {
      check,
      verdict: 'warning',
      text,
      remedy: 'the server creates it when it starts; if it is running already, check store.file',
    };
  }
  const room = `${Math.floor(disk.freeBytes / MEGABYTE)} MB`;
  if (disk.freeBytes < FREE_BYTES_MIN) {
    return {
      check,
      verdict: 'problem',
      text: `the disk of the database, ${folder}, is full: nothing is stored, and no new lease is given`,
      remedy: `make room in ${folder}; see what takes it with: du -x ${folder} | sort -n`,
    };
  }
  if (!disk.writable) {
    return {
      check,
      verdict: 'warning',
      text: `this user may not write to ${folder}, where the database is`,
      remedy: 'nothing to do if the user that the server runs as may write there',
    };
  }
  if (disk.freeBytes < ROOM_BYTES_MIN) {
    return {
      check,
      verdict: 'problem',
      text: `the disk of the database, ${folder}, has ${room} left; when it is full no client gets a new lease`,
      remedy: 'make room, or lower store.events_max and store.event_days',
    };
  }
  return { check, verdict: 'ok', text: `the disk of the database has ${room} left` };
}

async function readDiskOf(folder: string): Promise<DiskState> {
  const { bavail, bsize } = await statfs(folder);
  const writable = await access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
  return { freeBytes: bavail * bsize, writable };
}
