import type { Life, LifeState } from './life.ts';

/** States in which a config that is protected may be fetched, with the token of the boot session. */
export const CONFIG_ALLOWED: ReadonlySet<LifeState> = new Set(['booting', 'installing', 'live', 'rescue']);

/** States in which nothing has been decided about a machine. */
const UNDECIDED: ReadonlySet<LifeState> = new Set(['discovered', 'ready', 'live', 'booting']);

/**
 * Whether a machine that nobody declares could as well be a new one, since nothing that matters has happened to it, and
 * nothing at all since a time in milliseconds since 1970. One that was rejected, armed or installed is never forgotten:
 * it could be installed again.
 */
export function isForgettable(life: Life, sinceMs: number): boolean {
  const { arm, armedBySystem, conditions, epoch, installation, installsBegunMs, lastStepAtMs, state } = life;
  return (
    UNDECIDED.has(state) &&
    arm === undefined &&
    epoch === 0 &&
    !armedBySystem &&
    installation === undefined &&
    installsBegunMs.length === 0 &&
    Object.keys(conditions).every((type) => type === 'stalled') &&
    Math.max(life.sinceMs, lastStepAtMs ?? 0) < sinceMs
  );
}
