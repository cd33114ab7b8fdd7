import pino from 'pino';
import { expect, test } from 'vitest';
import type { BootEvent } from '../../src/provision/boot-event.ts';
import { BootSessions } from '../../src/provision/boot-session.ts';
import { BootEventRecorder } from '../../src/server/boot-events.ts';
import type { StoredBootEvent } from '../../src/store/store.ts';

type Written = Omit<StoredBootEvent, 'id'>;

const event = (summary: string): BootEvent => ({
  at: new Date(0),
  kind: 'machine.report',
  summary,
  detail: {},
});

function recorder(append: (events: readonly Written[]) => Promise<void>) {
  let sessions = 0;
  return new BootEventRecorder(
    { appendEvents: append },
    new BootSessions(() => `s${++sessions}`),
    pino({ level: 'silent' }),
  );
}

test('events are written in order and in batches, and listeners hear of them at once', async () => {
  const batches: (readonly Written[])[] = [];
  const heard: string[] = [];
  const events = recorder((batch) => {
    batches.push(batch);
    return Promise.resolve();
  });
  const unsubscribe = events.subscribe((one) => heard.push(one.summary));
  events.record(event('a'));
  events.record(event('b'));
  unsubscribe();
  events.record(event('c'));
  expect(heard).toEqual(['a', 'b']);
  await events.flush();
  expect(batches.map((batch) => batch.map((one) => one.summary))).toEqual([['a', 'b', 'c']]);
});

test('a store that refuses costs events, not the process', async () => {
  const events = recorder(() => Promise.reject(new Error('disk full')));
  events.record(event('a'));
  await events.flush();
  expect(events.dropped).toBe(1);
});

test('a store that hangs does not let memory grow', () => {
  const events = recorder(() => new Promise(() => undefined));
  for (let count = 0; count < 60_000; count++) events.record(event('a'));
  expect(events.dropped).toBeGreaterThan(0);
});
