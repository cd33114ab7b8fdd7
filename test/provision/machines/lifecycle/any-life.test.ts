import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideByLife, type LifecyclePolicy } from '../../../../src/provision/boot/decide-by-life.ts';
import { advance, LOOP_INSTALLS } from '../../../../src/provision/machines/lifecycle/advance.ts';
import { dueEvent } from '../../../../src/provision/machines/lifecycle/due-event.ts';
import { LIFE_EVENT_KINDS } from '../../../../src/provision/machines/lifecycle/life-event.ts';
import {
  ARM_PURPOSES,
  type Life,
  LIFE_STATES,
  newLife,
} from '../../../../src/provision/machines/lifecycle/life.ts';
import { eventOf, NOW_MS, someArm, someSession } from './some-lives.ts';

const LIMITS = { stallAfterMs: 5 * 60_000 };
const POLICY: LifecyclePolicy = {
  lifecycle: 'install',
  isProtected: true,
  armsAutomatically: true,
  unarmed: 'local',
  onFailure: 'hold',
};

/** One thing that happens: an event, a request for the script, or that the clock jumps. */
const STEP = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('event' as const), kind: fc.constantFrom(...LIFE_EVENT_KINDS) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('ask' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fetch' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('arm' as const),
      purpose: fc.constantFrom(...ARM_PURPOSES),
      attempts: fc.integer({ min: 1, max: 5 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('clock' as const), ms: fc.integer({ min: -4e6, max: 4e6 }) }),
  },
);

interface World {
  life: Life;
  nowMs: number;
  sessions: number;
}

function happen(world: World, event: Parameters<typeof advance>[1]): boolean {
  const result = advance(world.life, event, world.nowMs);
  if (result.kind === 'invalid') return false;
  // What is stored is JSON: a restart between any two events changes nothing.
  world.life = JSON.parse(JSON.stringify(result.life)) as Life;
  return true;
}

/** The machine asks for its script, and gets it if it may boot. */
function ask(world: World): void {
  const decision = decideByLife(world.life, POLICY, world.nowMs);
  if (decision.event === 'auto_arm') happen(world, { kind: 'auto_arm', arm: someArm() });
  else if (decision.event !== undefined) happen(world, { kind: decision.event });
  if (decision.kind !== 'boot') return;
  world.sessions += 1;
  const { purpose } = decision;
  happen(world, {
    kind: 'script_served',
    ...(purpose !== undefined && { purpose, session: someSession(purpose, `session-${world.sessions}`) }),
    deadlineMs: world.nowMs + 30 * 60_000,
  });
}

describe('any sequence of events, requests, restarts and jumps of the clock', () => {
  it('leaves a state that the table knows, and begins no installation that no arm allows', () => {
    fc.assert(
      fc.property(fc.array(STEP, { maxLength: 60 }), (steps) => {
        const world: World = { life: newLife('node1', true), nowMs: NOW_MS, sessions: 0 };
        let permitted = 0;
        let begun = 0;
        for (const step of steps) {
          const before = world.life;
          switch (step.do) {
            case 'ask':
              ask(world);
              break;
            case 'fetch':
              happen(world, { kind: 'ignition_served', deadlineMs: world.nowMs + 60 * 60_000 });
              break;
            case 'arm':
              happen(world, {
                kind: 'arm',
                arm: { ...someArm(step.purpose, step.attempts), expiresAtMs: world.nowMs + 1e6 },
              });
              break;
            case 'clock':
              world.nowMs += step.ms;
              break;
            case 'event':
              // Profiles that need an arm are served by `ask` alone.
              if (step.kind !== 'script_served') happen(world, eventOf(step.kind));
          }
          for (let due = dueEvent(world.life, world.nowMs, LIMITS); due !== undefined;) {
            expect(happen(world, due)).toBe(true);
            due = dueEvent(world.life, world.nowMs, LIMITS);
          }

          const { arm, armedBySystem, base, epoch, state } = world.life;
          expect(LIFE_STATES).toContain(state);
          if (epoch > before.epoch && arm !== undefined) permitted += arm.attemptsLeft;
          if (state === 'installing' && before.state === 'booting') begun += 1;
          expect(begun).toBeLessThanOrEqual(permitted);
          // An arm by the system happens once.
          if (armedBySystem && !before.armedBySystem) expect(before.epoch).toBeLessThan(epoch);
          if (before.armedBySystem) expect(armedBySystem).toBe(true);
          expect(arm === undefined || ['armed', 'booting', 'installing'].includes(state)).toBe(true);
          expect(state !== 'armed' || arm !== undefined).toBe(true);
          expect(state !== 'installing' || world.life.purpose !== undefined).toBe(true);
          for (const under of Object.values(base)) {
            expect(['booting', 'installing', 'armed', 'retired']).not.toContain(under);
          }
          expect(world.life.installsBegunMs.length).toBeLessThanOrEqual(LOOP_INSTALLS);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
