import { readFileSync } from 'node:fs';

/** Resident memory of a process and of its children, in megabytes; 0 if there is none. */
export function residentMegabytes(pid: number): number {
  const children = read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean);
  let kilobytes = 0;
  for (const one of [pid, ...children]) {
    kilobytes += Number(/^VmRSS:\s*(\d+)/m.exec(read(`/proc/${one}/status`))?.[1] ?? 0);
  }
  return Math.round(kilobytes / 1024);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    // The process has ended.
    return '';
  }
}
