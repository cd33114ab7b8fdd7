import type { Int } from '../ignition/config.ts';

/**
 * Whether a mode looks like octal digits without the leading zero: it is implausible as it is, but plausible if its
 * decimal digits are read as octal. Agrees with base/util/file.go of coreos/butane.
 */
export function looksDecimal(mode: Int, isDirectory: boolean): boolean {
  const value = Number(mode);
  const digits = String(mode);
  if (!/^[0-7]{1,4}$/.test(digits)) return false;
  return !isUsualMode(value, isDirectory) && isUsualMode(Number.parseInt(digits, 8), isDirectory);
}

const READ = 4;
const WRITE = 2;
const EXECUTE = 1;

/** Whether a mode is plausible: each class of users has no more permissions than the one before it, and so on. */
function isUsualMode(mode: number, isDirectory: boolean): boolean {
  if (mode === 0) return true;
  let wider = 0;
  for (const shift of [0, 3, 6]) {
    const bits = (mode >> shift) & 7;
    // The owner has all permissions of the group, and the group those of others.
    if ((wider & ~bits) !== 0) return false;
    // One class may execute while a wider class may only read.
    if (bits & EXECUTE && wider & READ && !(wider & EXECUTE)) return false;
    if (bits & (WRITE | EXECUTE) && !(bits & READ)) return false;
    wider |= bits;
  }
  if (!(wider & READ)) return false;
  if (isDirectory) {
    if (!(wider & EXECUTE) || mode & 0o4000) return false;
    return !(mode & 0o3000) || Boolean(wider & WRITE);
  }
  if (mode & 0o6000 && (!(wider & EXECUTE) || mode & WRITE)) return false;
  return !(mode & 0o1000);
}
