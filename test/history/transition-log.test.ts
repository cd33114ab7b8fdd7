import { describe, expect, test } from 'vitest';
import { TransitionLog, TransitionsDeleted } from '../../src/history/transition-log.ts';
import type { MachineChange } from '../../src/store/machine-store.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { Transition } from '../../src/store/transition-store.ts';
import { parseMac } from '../../src/protocol/mac-address.ts';
import { FakeTransitionStore } from '../fakes/fake-transition-store.ts';

const change = (id: number): MachineChange => ({
  kind: 'put',
  machine: { source: 'files', id: `node${id}`, record: {} },
  transition: {
    at: new Date(0),
    machineId: `node${id}`,
    kind: 'machine.declared',
    source: 'files',
    detail: {},
  },
  adopts: { macs: [], uuids: [], serials: [] },
});

const changes = (count: number): MachineChange[] =>
  Array.from({ length: count }, (_, index) => change(index));

const upTo = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** The next transition numbers of a subscription. */
async function take(from: AsyncGenerator<Transition>, count: number): Promise<number[]> {
  const numbers: number[] = [];
  while (numbers.length < count) {
    const next = await from.next();
    if (next.done === true) break;
    numbers.push(next.value.number);
  }
  return numbers;
}

function rig(limits = {}) {
  const store = new FakeTransitionStore();
  const log = new TransitionLog(store, limits);
  const ending = new AbortController();
  return { store, log, ...log.announcing(store), ending, signal: ending.signal };
}

describe('a subscription', () => {
  test.each([
    [0, upTo(1, 7)],
    [3, upTo(4, 7)],
    [7, []],
  ])('after number %d gets what the store has', async (after, expected) => {
    const { log, machines, signal } = rig({ pageMax: 2 });
    await machines.applyMachineChanges(changes(7));
    expect(await take(log.subscribe(after, signal), expected.length)).toEqual(expected);
  });

  test('continues live after catching up, without another read of the store', async () => {
    const { log, machines, signal, store } = rig();
    await machines.applyMachineChanges(changes(3));
    const reader = log.subscribe(0, signal);
    expect(await take(reader, 3)).toEqual([1, 2, 3]);
    const live = take(reader, 4);
    await machines.applyMachineChanges(changes(2));
    await machines.applyMachineChanges(changes(2));
    expect(await live).toEqual([4, 5, 6, 7]);
    expect(store.reads).toBe(1);
  });

  test('neither misses nor repeats what is written while it reads the store', async () => {
    const { log, machines, signal, store } = rig({ pageMax: 2 });
    await machines.applyMachineChanges(changes(3));
    let left = 5;
    store.onRead = () => {
      if (left-- > 0) void machines.applyMachineChanges(changes(3));
    };
    expect(await take(log.subscribe(0, signal), 18)).toEqual(upTo(1, 18));
  });

  test('that falls behind continues from the store', async () => {
    const { log, machines, signal, store } = rig({ bufferMax: 4, pageMax: 10 });
    const reader = log.subscribe(0, signal);
    const first = take(reader, 1);
    await machines.applyMachineChanges(changes(1));
    expect(await first).toEqual([1]);
    for (let count = 0; count < 10; count++) await machines.applyMachineChanges(changes(3));
    const before = store.reads;
    expect(await take(reader, 30)).toEqual(upTo(2, 31));
    expect(store.reads).toBeGreaterThan(before);
    const live = take(reader, 2);
    await machines.applyMachineChanges(changes(2));
    expect(await live).toEqual([32, 33]);
  });

  test('one slow reader does not delay others', async () => {
    const { log, machines, signal } = rig({ bufferMax: 2 });
    const slow = log.subscribe(0, signal);
    const quick = log.subscribe(0, signal);
    const starting = [take(slow, 1), take(quick, 1)];
    await machines.applyMachineChanges(changes(1));
    await Promise.all(starting);
    for (let count = 0; count < 20; count++) {
      const next = take(quick, 1);
      await machines.applyMachineChanges(changes(1));
      expect(await next).toEqual([count + 2]);
    }
    expect(await take(slow, 20)).toEqual(upTo(2, 21));
  });

  test('reads the store if a transition arrives before its predecessor', async () => {
    const { log, signal, store } = rig();
    const { machines } = log.announcing({
      discovered: store.discovered,
      inventories: store.inventories,
      lives: store.lives,
      machines: {
        ...store.machines,
        // The first call has written its transition, and its answer is delayed.
        applyMachineChanges: async (all) => {
          await store.machines.applyMachineChanges(all);
          return store.machines.applyMachineChanges(all);
        },
      },
    });
    const reader = log.subscribe(0, signal);
    const numbers = take(reader, 2);
    await machines.applyMachineChanges(changes(1));
    expect(await numbers).toEqual([1, 2]);
  });

  test('ends when its signal aborts, also while it waits', async () => {
    const { ending, log, signal } = rig();
    const reader = log.subscribe(0, signal);
    const waiting = reader.next();
    ending.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  test('ends when the log is closed, after what was written before', async () => {
    const { log, machines, signal } = rig();
    const reader = log.subscribe(0, signal);
    const first = take(reader, 1);
    await machines.applyMachineChanges(changes(1));
    await first;
    await machines.applyMachineChanges(changes(2));
    log.close();
    expect(await take(reader, 3)).toEqual([2, 3]);
    expect(await take(log.subscribe(0, signal), 1)).toEqual([]);
  });

  test('that waits ends when the log is closed', async () => {
    const { log, signal } = rig();
    const waiting = log.subscribe(0, signal).next();
    await Promise.resolve();
    log.close();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  test('that is behind ends when the log is closed, and does not read the store', async () => {
    const { log, machines, signal, store } = rig({ bufferMax: 1 });
    const reader = log.subscribe(0, signal);
    const first = take(reader, 1);
    await machines.applyMachineChanges(changes(1));
    await first;
    await machines.applyMachineChanges(changes(5));
    const before = store.reads;
    log.close();
    expect(await take(reader, 1)).toEqual([]);
    expect(store.reads).toBe(before);
  });

  test('throws what the store throws', async () => {
    const { log, signal, store } = rig();
    store.failure = new Error('the disk reports errors');
    await expect(log.subscribe(0, signal).next()).rejects.toThrow('the disk reports errors');
  });

  test('gets discovered machines among the declared ones', async () => {
    const { discovered, log, machines, signal } = rig();
    const numbers = take(log.subscribe(0, signal), 3);
    const seen = { mac: parseMac('52:54:00:00:00:01')!, firstSeenAt: new Date(0), lastSeenAt: new Date(0) };
    await machines.applyMachineChanges(changes(1));
    await discovered.recordDiscovered(seen);
    await machines.applyMachineChanges(changes(1));
    expect(await numbers).toEqual([1, 2, 3]);
  });

  test('of deleted transitions is told from where to continue', async () => {
    const { log, machines, signal, store } = rig();
    await machines.applyMachineChanges(changes(7));
    await store.pruneTransitions({ newest: 2 });
    const failed = await log
      .subscribe(3, signal)
      .next()
      .catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(TransitionsDeleted);
    expect(failed).toMatchObject({
      deletedTo: 5,
      message:
        'transitions 4 to 5 were deleted, since they are old: read the list of machines, and read on after 5',
    });
    expect(await take(log.subscribe(5, signal), 2)).toEqual([6, 7]);
  });

  test('that fell behind the limits is told so instead of continuing with a gap', async () => {
    const { log, machines, signal, store } = rig({ bufferMax: 2 });
    const reader = log.subscribe(0, signal);
    const first = take(reader, 1);
    await machines.applyMachineChanges(changes(1));
    await first;
    for (let count = 0; count < 9; count++) await machines.applyMachineChanges(changes(1));
    await store.pruneTransitions({ newest: 3 });
    await expect(reader.next()).rejects.toMatchObject({ name: 'TransitionsDeleted', deletedTo: 7 });
  });

  test('over a real store gets every transition of several writers once', async () => {
    const store = await openSqliteStore({ file: ':memory:', synchronous: 'normal' });
    const log = new TransitionLog(store.transitions, { bufferMax: 10, pageMax: 7 });
    const { machines } = log.announcing(store);
    const { signal } = new AbortController();
    await machines.applyMachineChanges(changes(20));
    const all = take(log.subscribe(5, signal), 105);
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let round = 0; round < 5; round++) await machines.applyMachineChanges(changes(3 + writer));
    });
    await Promise.all(writers);
    const written = await store.transitions.lastTransition();
    expect(written).toBe(20 + 5 * (3 + 4 + 5 + 6));
    expect((await all).slice(0, written - 5)).toEqual(upTo(6, written));
    await store.close();
  });
});
