import type { LifeState } from './life.ts';

/** States in which a config that is protected may be fetched, with the token of the boot session. */
export const CONFIG_ALLOWED: ReadonlySet<LifeState> = new Set(['booting', 'installing', 'live', 'rescue']);
