import fc from 'fast-check';
import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { Counters } from '../../src/limits/counters.ts';
import { Lives } from '../../src/machines/lives.ts';
import { parseMac } from '../../src/protocol/mac-address.ts';
import type { Life } from '../../src/provision/machines/lifecycle/life.ts';
import { LIFE_EVENT_KINDS } from '../../src/provision/machines/lifecycle/life-event.ts';
import { StoreError } from '../../src/store/store-error.ts';
import { FakeLifeStore } from '../fakes/fake-life-store.ts';
import { eventOf, lifeIn, NOW_MS, someArm, someSession } from '../provision/machines/lifecycle/some-lives.ts';

const MINUTE_MS = 60_000;
let store: FakeLifeStore;
let nowMs: number;
/** How wrong the wall clock is. */
let jumpMs: number;
let counters: Counters;

beforeEach(() => {
  store = new FakeLifeStore();
  nowMs = NOW_MS;
  jumpMs = 0;
  counters = new Counters();
});

const load = (stallAfterMs = 5 * MINUTE_MS): Promise<Lives> =>
  Lives.load({
    store,
    counters,
    log: pino({ level: 'silent' }),
    now: () => new Date(nowMs + jumpMs),
    nowMs: () => nowMs,
    limits: { stallAfterMs },
  });

const arm = {
  machineId: 'node1',
  declared: true,
  by: 'anna',
  event: { kind: 'arm' as const, arm: someArm() },
};

describe('an event', () => {
  it('is durable before it is visible', async () => {
    const lives = await load();
    let open: (value: unknown) => void = () => undefined;
    store.gate = new Promise((resolve) => (open = resolve));
    const applied = lives.apply(arm);
    expect(lives.isBusy('node1')).toBe(true);
    expect(lives.of('node1', true).state).toBe('ready');
    open(undefined);
    expect(await applied).toMatchObject({ kind: 'advanced', to: 'armed' });
    expect(lives.of('node1', true).state).toBe('armed');
    expect(lives.isBusy('node1')).toBe(false);
    expect((await load()).of('node1', true)).toEqual(lives.of('node1', true));
  });

  it('that cannot be stored changes nothing', async () => {
    const lives = await load();
    store.failure = new StoreError('full', 'the disk is full');
    await expect(lives.apply(arm)).rejects.toThrow('the disk is full');
    expect(lives.of('node1', true).state).toBe('ready');
    store.failure = undefined;
    expect(await lives.apply(arm)).toMatchObject({ kind: 'advanced' });
  });

  it('that is durable is confirmed also if a listener fails', async () => {
    const lives = await load();
    lives.onChange(() => {
      throw new Error('for a test');
    });
    expect(await lives.apply(arm)).toMatchObject({ kind: 'advanced' });
  });

  it('can be caused by the change of another machine', async () => {
    const lives = await load();
    const followed = new Promise((resolve, reject) =>
      lives.onChange(({ machineId }) => {
        if (machineId === 'node1') lives.apply({ ...arm, machineId: 'node2' }).then(resolve, reject);
      }),
    );
    await lives.apply(arm);
    expect(await followed).toMatchObject({ kind: 'advanced' });
  });

  it('that is not possible writes nothing', async () => {
    const lives = await load();
    expect(await lives.apply({ ...arm, event: { kind: 'disarm' } })).toMatchObject({ kind: 'invalid' });
    expect(store.batches).toEqual([]);
  });

  it('waits for earlier events of the same machine, and shares a transaction with those of others', async () => {
    const lives = await load();
    const outcomes = await Promise.all([
      lives.apply(arm),
      lives.apply({ ...arm, event: { kind: 'disarm' } }),
      lives.apply({ ...arm, machineId: 'node2' }),
    ]);
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(['advanced', 'advanced', 'advanced']);
    expect(store.batches.map((batch) => batch.map(({ machineId }) => machineId))).toEqual([
      ['node1', 'node2'],
      ['node1'],
    ]);
    expect(lives.of('node1', true).state).toBe('ready');
  });

  it('is told with who caused it, and without tokens', async () => {
    const lives = await load();
    await lives.apply(arm);
    await lives.apply({
      ...arm,
      by: 'machine',
      event: { kind: 'script_served', purpose: 'install', session: someSession() },
    });
    const told = store.batches.flat().map(({ transition }) => transition);
    expect(told.map(({ kind, source }) => [kind, source])).toEqual([
      ['life.arm', 'anna'],
      ['life.script_served', 'machine'],
    ]);
    for (const token of Object.values(someSession().tokens)) {
      expect(JSON.stringify(told)).not.toContain(`"${token}"`);
    }
  });
});

describe('an event that no answer depends on', () => {
  it('is applied in the background', async () => {
    const lives = await load();
    lives.note('node1', true, { kind: 'script_served' });
    await lives.settled('node1');
    expect(lives.of('node1', true).state).toBe('booting');
  });

  it('is left out and counted when one machine causes too many', async () => {
    const lives = await load();
    for (let time = 0; time < 50; time++) lives.note('node1', true, { kind: 'script_served' });
    await lives.close();
    expect(store.batches.flat().length).toBe(12);
    expect(counters.get('life_events_left_out')).toBe(38);
  });
});

describe('time', () => {
  it('ends an arm, also after a restart, and each event once', async () => {
    await (await load()).apply(arm);
    nowMs += 61 * MINUTE_MS;
    const lives = await load();
    await lives.applyDue();
    await lives.applyDue();
    expect(lives.of('node1', true).state).toBe('ready');
    expect(store.batches.flat().map(({ transition }) => transition.kind)).toEqual([
      'life.arm',
      'life.arm_expired',
    ]);
  });

  it('gives a machine time to report after a start, if its deadline passed meanwhile', async () => {
    store.stored.set('node1', JSON.stringify({ ...lifeIn('installing'), deadlineMs: NOW_MS - 1 }));
    const lives = await load();
    lives.start();
    await lives.applyDue();
    expect(lives.of('node1', true).state).toBe('installing');
    nowMs += 3 * MINUTE_MS;
    await lives.applyDue();
    expect(lives.of('node1', true)).toMatchObject({ state: 'failed', failure: { cause: 'install_timeout' } });
    await lives.close();
  });

  it('ends an arm at once after a start, if it expired meanwhile', async () => {
    await (await load()).apply(arm);
    nowMs += 61 * MINUTE_MS;
    const lives = await load();
    lives.start();
    await lives.applyDue();
    expect(lives.of('node1', true).state).toBe('ready');
    await lives.close();
  });

  it.each([-365, 365])('that jumps by %i days fails no machine that still has time', async (days) => {
    store.stored.set('node1', JSON.stringify({ ...lifeIn('installing'), deadlineMs: NOW_MS + MINUTE_MS }));
    const lives = await load();
    await lives.applyDue();
    jumpMs = days * 24 * 60 * MINUTE_MS;
    await lives.applyDue();
    expect(lives.of('node1', true).state).toBe('installing');
    jumpMs = 0;
    await lives.applyDue();
    nowMs += 3 * MINUTE_MS;
    await lives.applyDue();
    expect(lives.of('node1', true).state).toBe('failed');
  });

  it('is tried again when its event could not be stored', async () => {
    const lives = await load();
    await lives.apply(arm);
    nowMs += 61 * MINUTE_MS;
    store.failure = new StoreError('full', 'the disk is full');
    await lives.applyDue();
    expect(lives.of('node1', true).state).toBe('armed');
    store.failure = undefined;
    nowMs += 6_000;
    await lives.applyDue();
    expect(lives.of('node1', true).state).toBe('ready');
  });

  it('makes a machine stalled that is silent for as long as the settings say, and a step ends that', async () => {
    const lives = await load(3 * MINUTE_MS);
    await lives.apply({ ...arm, event: { kind: 'script_served', deadlineMs: NOW_MS + 30 * MINUTE_MS } });
    nowMs += 2 * MINUTE_MS;
    lives.step('node1');
    nowMs += 2 * MINUTE_MS;
    await lives.applyDue();
    expect(lives.of('node1', true).conditions.stalled).toBeUndefined();
    nowMs += 2 * MINUTE_MS;
    await lives.applyDue();
    expect(lives.of('node1', true).conditions.stalled).toBeDefined();
    lives.step('node1');
    await lives.settled('node1');
    expect(lives.of('node1', true).conditions.stalled).toBeUndefined();
  });
});

describe('a machine that is declared under another id than it was known by', () => {
  const IDS = ['52-54-00-00-00-01', '52-54-00-00-00-02'] as const;
  const CARDS = IDS.map((id) => parseMac(id)!);
  const keep = (machineId: string, life: Life): void => {
    store.stored.set(machineId, JSON.stringify({ ...life, machineId }));
  };

  it('is installed still, and not a new machine that its group could arm', async () => {
    keep(IDS[0], lifeIn('discovered'));
    keep(IDS[1], lifeIn('installed'));
    const lives = await load();
    expect(lives.inherit('node1', CARDS)).toBe(true);
    expect(lives.of('node1', true)).toEqual({ ...lifeIn('installed'), machineId: 'node1' });
    expect(lives.find('node1')?.state).toBe('installed');
  });

  it('has its life under the new id alone from its next event on, also after a restart', async () => {
    keep(IDS[0], lifeIn('installed'));
    const lives = await load();
    lives.inherit('node1', CARDS);
    await lives.apply({ machineId: 'node1', declared: true, event: { kind: 'declared' }, by: 'system' });
    expect([...store.stored.keys()]).toEqual(['node1']);
    expect((await load()).of('node1', true).state).toBe('installed');
    expect(lives.find(IDS[0])).toBeUndefined();
    expect(store.batches.flat().map(({ machineId, transition: { kind } }) => [machineId, kind])).toEqual([
      ['node1', 'life.declared'],
      [IDS[0], 'life.deleted'],
    ]);
  });

  it('keeps a life of its own', async () => {
    keep(IDS[0], lifeIn('installed'));
    keep('node1', lifeIn('failed'));
    const lives = await load();
    expect(lives.inherit('node1', CARDS)).toBe(false);
    expect(lives.of('node1', true).state).toBe('failed');
    expect(lives.inherit('node2', [])).toBe(false);
  });

  it('is changed after what happens under its earlier id', async () => {
    keep(IDS[0], lifeIn('installing'));
    const lives = await load();
    let open: (value: unknown) => void = () => undefined;
    store.gate = new Promise((resolve) => (open = resolve));
    const installed = { machineId: IDS[0], declared: false, by: 'machine' };
    const applied = lives.apply({
      ...installed,
      event: { kind: 'report_installed', installation: { atMs: 1 } },
    });
    lives.inherit('node1', CARDS);
    expect(lives.isBusy('node1')).toBe(true);
    open(undefined);
    await lives.settled('node1');
    expect(lives.of('node1', true).state).toBe('installed');
    await applied;
  });

  it('is deleted under both ids', async () => {
    keep(IDS[0], lifeIn('installed'));
    const lives = await load();
    lives.inherit('node1', CARDS);
    await lives.remove({ machineId: 'node1', by: 'anna' });
    expect([...store.stored.keys()]).toEqual([]);
    lives.inherit('node1', CARDS);
    expect(lives.of('node1', true).state).toBe('ready');
  });
});

describe('lives that nobody needs', () => {
  const DAY_MS = 24 * 60 * MINUTE_MS;
  const limits = { before: new Date(NOW_MS - DAY_MS), atOnce: 2, isDeclared: () => false };
  const keep = (...kept: Life[]): void => {
    for (const life of kept) store.stored.set(life.machineId, JSON.stringify(life));
  };
  const old = (machineId: string, changes: Partial<Life> = {}): Life => ({
    ...lifeIn('discovered'),
    sinceMs: NOW_MS - 2 * DAY_MS,
    machineId,
    ...changes,
  });

  it('are forgotten some at a time, but not those of declared machines and recent ones', async () => {
    keep(old('a'), old('b', { state: 'live' }), old('c', { state: 'booting' }), old('declared'));
    keep(old('recent', { lastStepAtMs: NOW_MS }));
    const lives = await load();
    const isDeclared = (machineId: string): boolean => machineId === 'declared';
    expect(await lives.forget({ ...limits, isDeclared })).toBe(2);
    expect(await lives.forget({ ...limits, isDeclared })).toBe(1);
    expect(await lives.forget({ ...limits, isDeclared })).toBe(0);
    expect([...store.stored.keys()].toSorted()).toEqual(['declared', 'recent']);
    expect([...lives.list()].map(({ machineId }) => machineId).toSorted()).toEqual(['declared', 'recent']);
  });

  it.each<[string, Partial<Life>]>([
    ['was rejected', { state: 'retired' }],
    ['has failed', { state: 'failed' }],
    ['is installed', { state: 'installed' }],
    ['has an installation', { installation: { atMs: 1 } }],
    ['was armed', { epoch: 1 }],
    ['was armed by its group', { armedBySystem: true }],
    ['is held', { conditions: { held: { sinceMs: 1, message: '' } } }],
    ['is locked', { conditions: { locked: { sinceMs: 1, message: '' } } }],
  ])('are not those of a machine that %s', async (_what, changes) => {
    keep(old('a', changes));
    expect(await (await load()).forget(limits)).toBe(0);
  });
});

describe('the store', () => {
  it('keeps a life that this version cannot read', async () => {
    store.stored.set('node1', '{"machineId":"node1","state":"melted"}');
    store.stored.set('node2', JSON.stringify({ ...lifeIn('installed'), machineId: 'node2', colour: 'red' }));
    const lives = await load();
    expect(lives.of('node2', true).state).toBe('installed');
    expect(lives.of('node1', true).conditions.held?.message).toContain('cannot be read');
    expect(await lives.apply(arm)).toMatchObject({ kind: 'invalid', allowed: [] });
    lives.note('node1', true, { kind: 'script_served' });
    await lives.close();
    expect(store.stored.get('node1')).toContain('melted');
    await lives.remove({ machineId: 'node1', by: 'anna' });
    expect(await lives.apply(arm)).toMatchObject({ kind: 'advanced' });
  });

  it('gives back every kind of life as it was', async () => {
    for (const state of ['armed', 'booting', 'installing', 'installed', 'rescue', 'failed'] as const) {
      store.stored.set(state, JSON.stringify({ ...lifeIn(state), machineId: state }));
      expect((await load()).of(state, true)).toEqual({ ...lifeIn(state), machineId: state });
    }
  });

  it('loses everything about a machine that is removed', async () => {
    const lives = await load();
    await lives.apply(arm);
    await lives.remove({ machineId: 'node1', by: 'anna' });
    expect(lives.of('node1', true).state).toBe('ready');
    expect(store.stored.size).toBe(0);
  });
});

it('no order of events, failures and restarts loses a change that was confirmed', async () => {
  const step = fc.record({
    machine: fc.constantFrom('node1', 'node2', 'node3'),
    kind: fc.constantFrom(...LIFE_EVENT_KINDS),
    failing: fc.boolean(),
    restart: fc.integer({ min: 0, max: 9 }).map((value) => value === 0),
    wait: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      store = new FakeLifeStore();
      let lives = await load();
      const confirmed = new Map<string, string>();
      let running: Promise<unknown>[] = [];
      for (const { failing, kind, machine, restart, wait } of steps) {
        store.failure = failing ? new StoreError('disk', 'the disk is gone') : undefined;
        const applied = lives
          .apply({ machineId: machine, declared: true, event: eventOf(kind), by: 'test' })
          .then((outcome) => {
            if (outcome.kind === 'advanced') confirmed.set(machine, JSON.stringify(outcome.life));
          })
          .catch(() => undefined);
        running.push(applied);
        if (wait || restart) {
          await Promise.all(running);
          running = [];
        }
        if (restart) lives = await load();
      }
      await Promise.all(running);
      for (const [machine, life] of confirmed) {
        expect(store.stored.get(machine)).toBe(life);
        expect(lives.of(machine, true)).toEqual(JSON.parse(life));
      }
    }),
    { numRuns: 200 },
  );
});
