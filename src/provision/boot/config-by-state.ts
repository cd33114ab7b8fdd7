import type { Life } from '../machines/lifecycle/life.ts';
import { CONFIG_ALLOWED } from '../machines/lifecycle/rule-sets.ts';
import type { Sender } from '../machines/sender.ts';
import { type AccessRefusal, foreignSender, notNow } from './session-token.ts';

/** A request for a config without protection, of a machine that has to be armed to boot it. */
export interface StateQuestion {
  readonly life: Life;
  /** Whether the profile is `lifecycle: install`. */
  readonly installs: boolean;
  readonly sender: Sender;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** How long a config may be fetched again after it was fetched first, in milliseconds. */
  readonly graceMs: number;
}

/**
 * Decides whether a machine may have a config without protection that is only for machines that are armed: in the boot
 * for which it was armed, if the request does not come from another machine's card. Undefined if it may.
 */
export function refuseByState({
  graceMs,
  installs,
  life,
  nowMs,
  sender,
}: StateQuestion): AccessRefusal | undefined {
  const { arm, conditions, machineId, purpose, sinceMs, state } = life;
  if (sender === 'foreign') return foreignSender(machineId);
  if (state === 'retired') return { kind: 'refused', status: 403, reason: `machine ${machineId} is retired` };
  if (conditions.held !== undefined || !CONFIG_ALLOWED.has(state)) return notNow(life);
  if ((state === 'booting' || state === 'installing') && purpose === undefined) return notNow(life);
  if (arm !== undefined && arm.expiresAtMs <= nowMs) {
    return { kind: 'refused', status: 503, reason: `the arm of machine ${machineId} has expired` };
  }
  // A system in memory boots an installer's profile only if it was armed for that; a retry of that boot is answered.
  if (state === 'live' && installs && Math.abs(nowMs - sinceMs) > graceMs) return notNow(life);
  return undefined;
}
