import type { Finding } from './finding.ts';

/** Nothing of Railhead is older than this. */
const EARLIEST = new Date('2026-01-01T00:00:00Z');
const TOLERANCE_MS = 60_000;

/**
 * Checks that the wall clock is not at an impossible time: before this program was written, or before a file was
 * changed. Leases and boot events are stored with its time across restarts, and it decides whether certificates are
 * valid.
 */
export function checkClock(now: Date, lastChange: Date | undefined): Finding {
  const check = 'clock';
  const remedy = 'set the clock, and let chrony or systemd-timesyncd keep it: timedatectl set-ntp true';
  if (now < EARLIEST) {
    return {
      check,
      verdict: 'problem',
      text: `the clock says ${now.toISOString()}, a date before this program existed`,
      remedy,
    };
  }
  if (lastChange !== undefined && lastChange.getTime() > now.getTime() + TOLERANCE_MS) {
    const text = `the clock says ${now.toISOString()}, and the database was changed at ${lastChange.toISOString()}: the clock is behind`;
    return { check, verdict: 'problem', text, remedy };
  }
  return { check, verdict: 'ok', text: `the clock says ${now.toISOString()}` };
}
