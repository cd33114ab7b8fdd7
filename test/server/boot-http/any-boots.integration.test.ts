import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { LIFE_STATES } from '../../../src/provision/machines/lifecycle/life.ts';
import type { LifeEvent } from '../../../src/provision/machines/lifecycle/life-event.ts';
import { fileIn, GRACE_MS, LifePlane, MINUTE_MS, placeOf, SECRETS, STRANGER } from './life-plane.ts';

// Whatever happens to a protected machine in whatever order, its configs are served in a boot that an arm allows, once.

const THIEF = '127.0.0.99';

const STEP = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('arm' as const), attempts: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('boot' as const) }) },
  // `back`: with which of the tokens so far, counted from the newest.
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('fetch' as const),
      back: fc.constantFrom(0, 0, 0, 1, 2),
      part: fc.constantFrom('ignition' as const, 'installed' as const, 'metadata' as const),
      thief: fc.constantFrom(false, false, false, true),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('event' as const),
      event: fc.constantFrom<LifeEvent>(
        { kind: 'disarm' },
        { kind: 'hold', message: 'test' },
        { kind: 'release' },
        { kind: 'clear' },
        { kind: 'report_up' },
        { kind: 'report_installed', installation: { atMs: 1 } },
        { kind: 'report_failed', message: 'test', permanent: true },
        { kind: 'attempt_failed', message: 'test' },
        { kind: 'retire' },
        { kind: 'restore' },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('clock' as const),
      ms: fc.constantFrom(
        1,
        1_000,
        GRACE_MS,
        GRACE_MS + 1,
        GRACE_MS + 1,
        31 * MINUTE_MS,
        61 * MINUTE_MS,
        -30 * MINUTE_MS,
      ),
    }),
  },
);

/** Steps that lead to a config, so that much of what follows is about one. */
const TO_A_CONFIG = [
  { do: 'arm', attempts: 1 },
  { do: 'boot' },
  { do: 'fetch', back: 0, part: 'ignition', thief: false },
] as const;
const STEPS = fc
  .array(fc.oneof({ weight: 5, arbitrary: STEP.map((step) => [step]) }, fc.constant(TO_A_CONFIG)), {
    minLength: 5,
    maxLength: 30,
  })
  .map((parts) => parts.flat());

/** What a test knows of a boot: the URLs that it was given, and when each was answered first. */
interface Boot {
  readonly urls: { ignition: string; installed?: string; metadata?: string };
  readonly firstMs: Map<string, number>;
  /** Whether another arm, or its end, has taken the permission back. */
  isOver: boolean;
}

let plane: LifePlane | undefined;
afterEach(() => plane?.close());

test.each(['secret1', 'disk1'] as const)(
  'machine %s: any sequence of arms, boots, fetches, reports, restarts and jumps of the clock',
  { timeout: 300_000 },
  async (name) => {
    const { address } = placeOf(name);
    const purpose = name === 'disk1' ? 'install' : 'live';
    let served = 0;
    await fc.assert(
      fc.asyncProperty(STEPS, async (steps) => {
        await plane?.close();
        plane = await LifePlane.start();
        plane.cards.set(THIEF, [STRANGER]);
        const boots: Boot[] = [];
        let allowed = 0;
        let isHeld = false;
        /** Applies an event; whether it was possible. */
        const happens = async (event: LifeEvent): Promise<boolean> => {
          const advance = await plane!.lives.apply({ machineId: name, declared: true, event, by: 'test' });
          return advance.kind === 'advanced';
        };
        for (const step of steps) {
          switch (step.do) {
            case 'arm': {
              const arm = {
                purpose,
                attemptsLeft: step.attempts,
                expiresAtMs: plane.nowMs + 60 * MINUTE_MS,
                by: 'test',
                reason: 'test',
              } as const;
              if (!(await happens({ kind: 'arm', arm }))) break;
              allowed += step.attempts;
              for (const boot of boots) boot.isOver = true;
              break;
            }
            case 'event':
              if (!(await happens(step.event))) break;
              if (step.event.kind === 'hold') isHeld = true;
              if (step.event.kind === 'release') isHeld = false;
              if (step.event.kind === 'disarm' || step.event.kind === 'retire') {
                for (const boot of boots) boot.isOver = true;
              }
              break;
            case 'boot': {
              const { body } = await plane.own(name, '/ipxe');
              const [, url] = /u=(\S+)/.exec(body) ?? [];
              if (url === undefined) break;
              expect(url).toContain('&token=');
              expect(isHeld).toBe(false);
              for (const boot of boots) boot.isOver = true;
              boots.push({ urls: { ignition: url }, firstMs: new Map(), isOver: false });
              break;
            }
            case 'fetch': {
              const boot = boots.at(-1 - step.back);
              const url = boot?.urls[step.part];
              if (boot === undefined || url === undefined) break;
              const { body, status } = await plane.fetch(url, step.thief ? THIEF : address);
              if (status !== 200) {
                for (const secret of [...SECRETS, 'token=']) expect(body).not.toContain(secret);
                break;
              }
              served += 1;
              expect([step.thief, boot.isOver, isHeld]).toEqual([false, false, false]);
              const firstMs = boot.firstMs.get(step.part) ?? plane.nowMs;
              boot.firstMs.set(step.part, firstMs);
              expect(Math.abs(plane.nowMs - firstMs)).toBeLessThanOrEqual(GRACE_MS);
              if (step.part !== 'ignition') break;
              boot.urls.installed = fileIn(body, '/installed');
              boot.urls.metadata = fileIn(body, '/metadata');
              break;
            }
            case 'restart':
              await plane.restart();
              break;
            case 'clock':
              plane.nowMs += step.ms;
          }
          await plane.lives.settled(name);
          const life = plane.lifeOf(name);
          expect(LIFE_STATES).toContain(life.state);
          // A machine to which nothing has happened yet has none.
          const stored = plane.store.stored.get(name);
          if (stored !== undefined) expect(JSON.parse(stored)).toMatchObject({ state: life.state });
          // No boot gets its config without an arm that allows it.
          const begun = boots.filter(({ firstMs }) => firstMs.has('ignition')).length;
          expect(begun).toBeLessThanOrEqual(allowed);
        }
      }),
      { numRuns: 150 },
    );
    // Otherwise the sequences hardly ever came as far as a config.
    expect(served).toBeGreaterThan(100);
  },
);
