import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';

/** As `nice` has it: 0 is usual, 19 the least. */
const NICE = 10;

/**
 * Gives the processor to the other threads first, for a thread whose work can wait. Linux has a priority for each
 * thread (setpriority(2), "C library/kernel differences"); where /proc is not mounted the priority stays as it is.
 */
export function lowerThreadPriority(): void {
  let task: string;
  try {
    // "PID/task/TID" of the thread that asks.
    task = readlinkSync('/proc/thread-self');
  } catch {
    return;
  }
  setPriority(Number(task.slice(task.lastIndexOf('/') + 1)), NICE);
}
