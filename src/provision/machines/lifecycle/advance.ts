import { GUARDS } from './guards.ts';
import { LIFE_EVENT_KINDS, type LifeEvent, type LifeEventKind } from './life-event.ts';
import type { BasedState, Condition, ConditionType, Failure, Life, LifeState } from './life.ts';
import { type Rule, TRANSITION_TABLE } from './transition-table.ts';

/** What an event does to a life. */
export type Advance =
  | { readonly kind: 'advanced'; readonly life: Life; readonly from: LifeState; readonly to: LifeState }
  /** The event is not possible; `allowed` are the events that are. The life stays as it is. */
  | { readonly kind: 'invalid'; readonly reason: string; readonly allowed: readonly LifeEventKind[] };

/** Installations that began longer ago do not count as a loop. */
export const LOOP_WINDOW_MS = 60 * 60_000;
/** So many installations that begin within that time are a loop. */
export const LOOP_INSTALLS = 3;

/** Applies an event by the table, at a time in milliseconds since 1970. */
export function advance(life: Life, event: LifeEvent, nowMs: number): Advance {
  const rules = TRANSITION_TABLE[life.state][event.kind] ?? [];
  const rule = rules.find((one) => applies(one, life, nowMs));
  if (rule === undefined) {
    return {
      kind: 'invalid',
      reason: whyNot(life, event.kind, rules, nowMs),
      allowed: allowedEvents(life, nowMs),
    };
  }
  const target = targetState(rule, life);
  const moved = moveTo(life, target, nowMs);
  return { kind: 'advanced', life: withEvent(moved, life, event, nowMs), from: life.state, to: target };
}

/** Why an event is not possible now; undefined if it is. */
export function whyInvalid(life: Life, kind: LifeEventKind, nowMs: number): string | undefined {
  const rules = TRANSITION_TABLE[life.state][kind] ?? [];
  if (rules.some((rule) => applies(rule, life, nowMs))) return undefined;
  return whyNot(life, kind, rules, nowMs);
}

/** The events that are possible now. */
export function allowedEvents(life: Life, nowMs: number): LifeEventKind[] {
  return LIFE_EVENT_KINDS.filter((kind) => whyInvalid(life, kind, nowMs) === undefined);
}

/** Whether a third installation within an hour would begin. */
export function isLooping({ installsBegunMs }: Life, nowMs: number): boolean {
  return recentInstalls(installsBegunMs, nowMs).length >= LOOP_INSTALLS;
}

function applies({ when = [] }: Rule, life: Life, nowMs: number): boolean {
  return when.every((guard) => GUARDS[guard].holds(life, nowMs));
}

function whyNot(life: Life, kind: LifeEventKind, rules: readonly Rule[], nowMs: number): string {
  const failing = rules[0]?.when?.find((guard) => !GUARDS[guard].holds(life, nowMs));
  if (failing !== undefined) return GUARDS[failing].otherwise(life);
  return `it is ${life.state}, and "${kind.replaceAll('_', ' ')}" is not possible in that state`;
}

function targetState({ to }: Rule, life: Life): LifeState {
  if (to === 'same') return life.state;
  if (to !== 'base') return to;
  // A boot ends in the state before the arm that it is for.
  if (life.state === 'booting') return life.base.armed ?? 'ready';
  return life.base[life.state as BasedState] ?? 'ready';
}

/** The states that no machine returns to when another one ends. */
const TEMPORARY: ReadonlySet<LifeState> = new Set(['armed', 'booting', 'installing', 'rescue', 'failed']);
/** The states in which an arm is in use. */
const WITH_ARM: ReadonlySet<LifeState> = new Set(['armed', 'booting', 'installing']);

/** The life in another state, with all that belongs only to the earlier state removed. */
function moveTo(life: Life, state: LifeState, nowMs: number): Life {
  if (state === life.state) return life;
  const { arm, deadlineMs: _deadline, failure, lastStepAtMs: _step, purpose, ...rest } = life;
  // Disarming can return to `failed`.
  const keepsFailure = (WITH_ARM.has(state) || state === 'failed') && failure !== undefined;
  const keepsArm = WITH_ARM.has(state) && arm !== undefined;
  return {
    ...rest,
    state,
    sinceMs: nowMs,
    base: basesIn(life, state),
    confirmed: false,
    conditions: without(life.conditions, 'stalled'),
    ...(keepsArm && { arm }),
    ...(state === 'installing' && purpose !== undefined && { purpose }),
    ...(keepsFailure && { failure }),
  };
}

/** Where the new state returns to, and the states under it. */
function basesIn(life: Life, to: LifeState): Life['base'] {
  const { base, state: from } = life;
  switch (to) {
    case 'armed':
      // Back from booting, the state before the arm is still known.
      return from === 'booting' ? base : { ...base, armed: from };
    case 'booting':
      return from === 'armed' || from === 'rescue' ? base : { ...base, armed: underlying(life) };
    case 'installing':
      // What was there before is overwritten.
      return {};
    case 'rescue':
      return { rescue: underlying(life) };
    case 'failed':
      return { failed: underlying(life) };
    default:
      return {};
  }
}

/** The lasting state under the present one; `ready` if there is none. */
function underlying({ base, state }: Life): LifeState {
  let under = state;
  // Each step leads to an earlier state, of which there are at most three.
  for (const based of ['armed', 'rescue', 'failed'] as const) {
    if (under === 'booting' || under === 'installing') under = base.armed ?? base.rescue ?? 'ready';
    if (under === based) under = base[based] ?? 'ready';
  }
  return TEMPORARY.has(under) ? 'ready' : under;
}

/** What the event itself says. `before` is the life before it, `moved` the same in its new state. */
function withEvent(moved: Life, before: Life, event: LifeEvent, nowMs: number): Life {
  switch (event.kind) {
    case 'arm':
    case 'auto_arm': {
      const base = before.state === 'armed' ? before.base : moved.base;
      const armedBySystem = before.armedBySystem || event.kind === 'auto_arm';
      const { session: _void, ...rest } = moved;
      return { ...rest, base, arm: event.arm, epoch: before.epoch + 1, armedBySystem, sinceMs: nowMs };
    }
    case 'script_served': {
      // A boot without tokens also ends those of the boot before: else they would permit to fetch configs in this one.
      const { deadlineMs: _deadline, purpose: _purpose, session: _earlier, ...rest } = moved;
      const { purpose, session } = event;
      const deadlineMs = deadlineOfBoot(before, event.deadlineMs, nowMs);
      return {
        ...rest,
        ...(purpose !== undefined && { purpose }),
        ...(session !== undefined && { session }),
        ...(deadlineMs !== undefined && { deadlineMs }),
        lastStepAtMs: nowMs,
        conditions: without(moved.conditions, 'stalled'),
      };
    }
    case 'ignition_served': {
      const { deadlineMs, session = moved.session } = event;
      return beganIfInstalling({ ...moved, ...(session !== undefined && { session }) }, deadlineMs, nowMs);
    }
    case 'image_loaded':
    case 'step':
      return { ...moved, lastStepAtMs: nowMs, conditions: without(moved.conditions, 'stalled') };
    case 'document_fetched':
      return { ...moved, session: event.session, lastStepAtMs: nowMs };
    case 'report_installed':
      // It is installed after all, and is to boot from its disk.
      return {
        ...moved,
        installation: event.installation,
        conditions: without(moved.conditions, 'loop_detected'),
      };
    case 'report_up':
      return withUpReport(moved, event.configHash, nowMs);
    case 'report_failed':
      return failed(moved, { cause: 'reported', message: event.message, permanent: event.permanent });
    case 'rebooted_without_report':
      return failed(moved, {
        cause: event.kind,
        message: whyNoFurtherAttempt(before),
        permanent: false,
      });
    case 'attempt_failed': {
      const failure: Failure = { cause: 'reported', message: event.message, permanent: false };
      return { ...moved, failure, lastStepAtMs: nowMs, conditions: without(moved.conditions, 'stalled') };
    }
    case 'disarm':
      if (before.state !== 'installing') return moved;
      return failed(moved, {
        cause: 'disarmed',
        message: 'it was disarmed during the installation',
        permanent: false,
      });
    case 'boot_timeout':
      if (moved.state !== 'failed') return moved;
      return failed(moved, {
        cause: event.kind,
        message: 'it did not finish booting in time',
        permanent: false,
      });
    case 'install_timeout':
      return failed(moved, {
        cause: event.kind,
        message: whyOutOfTime(before),
        permanent: false,
      });
    case 'loop_detected': {
      const message = `it began ${LOOP_INSTALLS} installations within an hour`;
      const looping = withCondition(moved, 'loop_detected', message, nowMs);
      return failed(looping, { cause: 'loop_detected', message, permanent: true });
    }
    case 'stall':
      return withCondition(moved, 'stalled', event.message, nowMs);
    case 'hold':
      return withCondition(moved, 'held', event.message, nowMs);
    case 'lock':
      return withCondition(moved, 'locked', event.message, nowMs);
    case 'release':
      return { ...moved, conditions: without(moved.conditions, 'held') };
    case 'unlock':
      return { ...moved, conditions: without(moved.conditions, 'locked') };
    case 'clear':
      return { ...moved, installsBegunMs: [], conditions: without(moved.conditions, 'loop_detected') };
    case 'adopt': {
      // What is installed is none of ours, so no token is for it.
      const { session: _void, ...rest } = moved;
      return { ...rest, installation: { atMs: nowMs } };
    }
    case 'retire':
    case 'reject':
      return withoutTokens(moved);
    default:
      return moved;
  }
}

/** A boot that began while the arm was open may go on after its end, but not for longer than it was promised. */
function deadlineOfBoot(
  { arm, deadlineMs, state }: Life,
  asked: number | undefined,
  nowMs: number,
): number | undefined {
  const hasEnded = state === 'booting' && arm !== undefined && arm.expiresAtMs <= nowMs;
  return hasEnded ? deadlineMs : asked;
}

/** Why a machine that restarts while it is being installed is not installed once more. */
export function whyNoFurtherAttempt({ arm, failure }: Life): string {
  const why = arm !== undefined && arm.attemptsLeft > 0 ? 'its arm has expired' : 'it has no attempts left';
  const told = failure === undefined ? 'without a report' : `after it had reported "${failure.message}"`;
  return `it restarted during the installation ${told}, and ${why}`;
}

function whyOutOfTime({ failure }: Life): string {
  const told = failure === undefined ? '' : `; it had reported "${failure.message}"`;
  return `the installation was not reported as done in time${told}`;
}

/** An installation has begun: one attempt fewer, and one more beginning. */
function beganIfInstalling(moved: Life, deadlineMs: number | undefined, nowMs: number): Life {
  const stepped: Life = { ...moved, lastStepAtMs: nowMs };
  if (moved.state !== 'installing' || moved.arm === undefined) return stepped;
  // A failure that is known by now is of an earlier attempt.
  const { failure: _earlier, installation: _overwritten, ...rest } = stepped;
  return {
    ...rest,
    arm: { ...moved.arm, attemptsLeft: Math.max(0, moved.arm.attemptsLeft - 1) },
    installsBegunMs: [...recentInstalls(moved.installsBegunMs, nowMs), nowMs],
    ...(deadlineMs !== undefined && { deadlineMs }),
  };
}

function withUpReport(moved: Life, configHash: string | undefined, nowMs: number): Life {
  const up: Life = { ...moved, confirmed: true };
  const installed = moved.installation?.configHash;
  if (moved.state !== 'installed' || configHash === undefined || installed === undefined) return up;
  return configHash === installed
    ? { ...up, conditions: without(up.conditions, 'drifted') }
    : withCondition(up, 'drifted', 'the config that it runs is not the one that was installed', nowMs);
}

function failed(life: Life, failure: Failure): Life {
  return life.state === 'failed' ? { ...life, failure } : life;
}

function withoutTokens({ session: _void, ...life }: Life): Life {
  return { ...life, epoch: life.epoch + 1 };
}

function recentInstalls(begunMs: readonly number[], nowMs: number): number[] {
  // Times after `nowMs` are from before the clock was set back; they count.
  return begunMs.filter((atMs) => nowMs - atMs < LOOP_WINDOW_MS).slice(-LOOP_INSTALLS);
}

/** Keeps the time since when an equal condition holds. */
function withCondition(life: Life, type: ConditionType, message: string, nowMs: number): Life {
  const known = life.conditions[type];
  const condition: Condition = { sinceMs: known?.sinceMs ?? nowMs, message };
  return { ...life, conditions: { ...life.conditions, [type]: condition } };
}

function without(conditions: Life['conditions'], type: ConditionType): Life['conditions'] {
  const { [type]: _removed, ...rest } = conditions;
  return rest;
}
