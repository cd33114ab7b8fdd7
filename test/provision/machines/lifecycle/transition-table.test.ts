import { describe, expect, it } from 'vitest';
import { advance, allowedEvents } from '../../../../src/provision/machines/lifecycle/advance.ts';
import {
  LIFE_EVENT_KINDS,
  type LifeEvent,
  type LifeEventKind,
} from '../../../../src/provision/machines/lifecycle/life-event.ts';
import {
  type ArmPurpose,
  LIFE_STATES,
  type LifeState,
} from '../../../../src/provision/machines/lifecycle/life.ts';
import { NOW_MS, eventOf, lifeIn, someArm } from './some-lives.ts';

// Every pair of state and event. A machine that boots or installs is armed for an installation with one attempt left,
// unless the row says otherwise. `.` is invalid.
const TABLE: Readonly<Record<LifeState, Partial<Record<LifeEventKind, LifeState>>>> = {
  discovered: {
    declared: 'ready',
    approve: 'ready',
    reject: 'retired',
    auto_arm: 'armed',
    script_served: 'booting',
    asked_while_unarmed: 'discovered',
    retire: 'retired',
  },
  ready: {
    declared: 'ready',
    arm: 'armed',
    auto_arm: 'armed',
    script_served: 'booting',
    asked_while_unarmed: 'ready',
    adopt: 'installed',
    retire: 'retired',
  },
  armed: {
    declared: 'armed',
    arm: 'armed',
    disarm: 'ready',
    arm_expired: 'ready',
    script_served: 'booting',
    loop_detected: 'failed',
    retire: 'retired',
  },
  booting: {
    declared: 'booting',
    arm: 'armed',
    disarm: 'ready',
    script_served: 'booting',
    asked_while_unarmed: 'booting',
    ignition_served: 'installing',
    image_loaded: 'booting',
    document_fetched: 'booting',
    step: 'booting',
    stall: 'booting',
    boot_timeout: 'armed',
    report_up: 'booting',
    report_failed: 'failed',
    loop_detected: 'failed',
    retire: 'retired',
  },
  installing: {
    declared: 'installing',
    script_served: 'booting',
    document_fetched: 'installing',
    step: 'installing',
    stall: 'installing',
    disarm: 'failed',
    rebooted_without_report: 'failed',
    install_timeout: 'failed',
    report_installed: 'installed',
    report_failed: 'failed',
    attempt_failed: 'installing',
    loop_detected: 'failed',
  },
  installed: {
    declared: 'installed',
    arm: 'armed',
    script_served: 'booting',
    asked_while_unarmed: 'installed',
    document_fetched: 'installed',
    report_installed: 'installed',
    report_up: 'installed',
    retire: 'retired',
  },
  live: {
    declared: 'live',
    arm: 'armed',
    script_served: 'booting',
    asked_while_unarmed: 'ready',
    document_fetched: 'live',
    report_up: 'live',
    report_failed: 'failed',
    retire: 'retired',
  },
  rescue: {
    declared: 'rescue',
    arm: 'armed',
    script_served: 'booting',
    asked_while_unarmed: 'rescue',
    document_fetched: 'rescue',
    report_up: 'rescue',
    unrescue: 'installed',
    retire: 'retired',
  },
  failed: {
    declared: 'failed',
    arm: 'armed',
    script_served: 'booting',
    asked_while_unarmed: 'failed',
    clear: 'ready',
    report_installed: 'installed',
    retire: 'retired',
  },
  retired: { declared: 'retired', restore: 'ready' },
};
const ALWAYS: readonly LifeEventKind[] = ['hold', 'release', 'lock', 'unlock'];

const PAIRS = LIFE_STATES.flatMap((state) =>
  LIFE_EVENT_KINDS.map((kind) => ({
    state,
    kind,
    next: ALWAYS.includes(kind) ? state : TABLE[state][kind],
  })),
);

describe('the transition table', () => {
  it.each(PAIRS)('$state, $kind: $next', ({ kind, next, state }) => {
    const life = lifeIn(state);
    const result = advance(life, eventOf(kind), NOW_MS);
    if (next === undefined) {
      expect(result).toMatchObject({ kind: 'invalid', allowed: allowedEvents(life, NOW_MS) });
      expect(allowedEvents(life, NOW_MS)).not.toContain(kind);
    } else {
      expect(result).toMatchObject({ kind: 'advanced', from: state, to: next, life: { state: next } });
      expect(allowedEvents(life, NOW_MS)).toContain(kind);
    }
  });

  const BY_PURPOSE: { purpose: ArmPurpose; state: LifeState }[] = [
    { purpose: 'install', state: 'installing' },
    { purpose: 'reset', state: 'installing' },
    { purpose: 'rescue', state: 'rescue' },
    { purpose: 'live', state: 'live' },
  ];
  it.each(BY_PURPOSE)(
    'a machine armed for $purpose is $state once it has its config',
    ({ purpose, state }) => {
      const booting = lifeIn('booting', purpose);
      expect(advance(booting, eventOf('ignition_served'), NOW_MS)).toMatchObject({ to: state });
    },
  );

  it('a machine that is disarmed returns to where it was, unless its installation has begun', () => {
    const before = { cause: 'reported', message: 'no disk', permanent: true } as const;
    const armed = { ...lifeIn('booting'), base: { armed: 'failed' as const }, failure: before };
    expect(advance(armed, eventOf('disarm'), NOW_MS)).toMatchObject({
      to: 'failed',
      life: { failure: before },
    });
    expect(advance(lifeIn('installing'), eventOf('disarm'), NOW_MS)).toMatchObject({
      to: 'failed',
      life: { failure: { cause: 'disarmed', permanent: false } },
    });
  });

  it('a failure that another try may not have does not end the installation, and is told when it ends', () => {
    const tried = advance(lifeIn('installing'), { kind: 'attempt_failed', message: 'no route' }, NOW_MS);
    if (tried.kind !== 'advanced') throw new Error(tried.reason);
    expect(tried.life).toMatchObject({
      state: 'installing',
      arm: someArm(),
      failure: { message: 'no route' },
    });
    for (const kind of ['rebooted_without_report', 'install_timeout'] as const) {
      expect(advance(tried.life, { kind }, NOW_MS)).toMatchObject({
        life: {
          state: 'failed',
          failure: { cause: kind, message: expect.stringContaining('it had reported "no route"') as string },
        },
      });
    }
    const done = advance(tried.life, eventOf('report_installed'), NOW_MS);
    expect('life' in done && done.life.failure).toBeUndefined();
  });

  it.each(LIFE_STATES)('a machine that was stopped as a loop can be cleared and then armed: %s', (state) => {
    const looping = {
      ...lifeIn(state),
      installsBegunMs: [NOW_MS, NOW_MS, NOW_MS],
      conditions: { loop_detected: { sinceMs: NOW_MS, message: 'three installations' } },
    };
    expect(allowedEvents(looping, NOW_MS)).toContain('clear');
    const cleared = advance(looping, eventOf('clear'), NOW_MS);
    if (cleared.kind !== 'advanced') throw new Error(cleared.reason);
    expect(cleared.life).toMatchObject({ installsBegunMs: [], conditions: {} });
    expect(cleared.to).toBe(state === 'failed' ? 'ready' : state);
    const canBeArmed = allowedEvents(lifeIn(cleared.to), NOW_MS).includes('arm');
    expect(allowedEvents(cleared.life, NOW_MS).includes('arm')).toBe(canBeArmed);
  });

  it('a late report that the installation is done ends what was taken for a loop', () => {
    const stopped = advance(lifeIn('installing'), eventOf('loop_detected'), NOW_MS);
    if (stopped.kind !== 'advanced') throw new Error(stopped.reason);
    expect(stopped.life.conditions.loop_detected).toBeDefined();
    expect(advance(stopped.life, eventOf('report_installed'), NOW_MS)).toMatchObject({
      life: { state: 'installed', conditions: {} },
    });
  });

  const MISSING: { event: LifeEvent; state: LifeState; reason: string }[] = [
    {
      state: 'ready',
      event: eventOf('disarm'),
      reason: 'it is ready, and "disarm" is not possible in that state',
    },
    {
      state: 'ready',
      event: eventOf('clear'),
      reason: 'there is nothing to clear: it is ready, and was not stopped as a loop',
    },
    {
      state: 'retired',
      event: eventOf('arm'),
      reason: 'it is retired, and "arm" is not possible in that state',
    },
  ];
  it.each(MISSING)('$state: $reason', ({ event, reason, state }) => {
    expect(advance(lifeIn(state), event, NOW_MS)).toMatchObject({ kind: 'invalid', reason });
  });
});
