import type { LifeEvent } from './life-event.ts';
import type { Life } from './life.ts';

/** How long a machine may be silent while it boots or installs until it counts as stalled, in milliseconds. */
export interface StallLimits {
  readonly stallAfterMs: number;
}

/** When the next event of time happens to a life; undefined if none does. In milliseconds since 1970. */
export function nextDueMs(life: Life, limits: StallLimits): number | undefined {
  const times = [expiryOf(life), life.deadlineMs, stallOf(life, limits)].filter((time) => time !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
}

/**
 * The event of time that is due, one at a time: apply it and ask again. All times are stored with the life, so that
 * nothing is lost while the program does not run, and a machine is given no less time than it was promised.
 */
export function dueEvent(life: Life, nowMs: number, limits: StallLimits): LifeEvent | undefined {
  const isDue = (timeMs: number | undefined): boolean => timeMs !== undefined && timeMs <= nowMs;
  if (isDue(expiryOf(life))) return { kind: 'arm_expired' };
  if (isDue(life.deadlineMs)) {
    if (life.state === 'booting') return { kind: 'boot_timeout' };
    if (life.state === 'installing') return { kind: 'install_timeout' };
  }
  if (isDue(stallOf(life, limits))) {
    const minutes = Math.round(limits.stallAfterMs / 60_000);
    return { kind: 'stall', message: `it has taken no step for ${minutes} min` };
  }
  return undefined;
}

/** An arm ends only a machine that waits for its boot: one that has begun may finish. */
function expiryOf({ arm, state }: Life): number | undefined {
  return state === 'armed' ? arm?.expiresAtMs : undefined;
}

function stallOf({ conditions, lastStepAtMs, state }: Life, limits: StallLimits): number | undefined {
  if (state !== 'booting' && state !== 'installing') return undefined;
  if (lastStepAtMs === undefined || conditions.stalled !== undefined) return undefined;
  return lastStepAtMs + limits.stallAfterMs;
}
