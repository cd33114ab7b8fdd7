import type { Finding } from './finding.ts';

/** Nothing of Railhead is older than this. */
const EARLIEST = new Date('2026-01-01T00:00:00Z');
const TOLERANCE_MS = 60_000;

/**
 * Checks the wall clock by what cannot be: a moment before this program was written, or before a file was changed.
 * Leases and boot events are kept by this clock across restarts, and certificates are judged by it.
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
