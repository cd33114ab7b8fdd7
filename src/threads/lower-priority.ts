import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';

/** A value of `nice`: 0 is normal, 19 the lowest priority. */
const NICE = 10;

/**
 * Lowers the priority of the calling thread, for a thread whose work can wait. Linux has a priority for each thread
 * (setpriority(2), "C library/kernel differences"); where /proc is not mounted, the priority does not change.
 */
export function lowerThreadPriority(): void {
  let task: string;
  try {
    // "PID/task/TID" of the calling thread.
    task = readlinkSync('/proc/thread-self');
  } catch {
    return;
  }
  setPriority(Number(task.slice(task.lastIndexOf('/') + 1)), NICE);
}
