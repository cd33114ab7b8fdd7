import type { LifeState } from './life.ts';

/** States in which a machine can stay; the others end by themselves. */
export const STABLE: ReadonlySet<LifeState> = new Set([
  'discovered',
  'ready',
  'installed',
  'live',
  'rescue',
  'failed',
  'retired',
]);

/** States in which a config that is protected may be fetched, with the token of the boot session. */
export const CONFIG_ALLOWED: ReadonlySet<LifeState> = new Set(['booting', 'installing', 'live', 'rescue']);

/** States in which all that is kept about a machine may be deleted. */
export const DELETE_ALLOWED: ReadonlySet<LifeState> = new Set(['retired', 'discovered', 'ready']);
