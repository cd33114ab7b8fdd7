import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SYSTEM_CLOCK } from '../../src/app/clock.ts';
import { Counters } from '../../src/limits/counters.ts';
import { Lives } from '../../src/machines/lives.ts';
import type { LifeEvent } from '../../src/provision/machines/lifecycle/life-event.ts';
import type { Arm, LifeState } from '../../src/provision/machines/lifecycle/life.ts';
import { completeStore, type StoreSettings } from '../../src/store/open-store.ts';
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';
import type { Transition } from '../../src/store/transition-store.ts';
import { canUsePostgres, PostgresServer } from '../support/postgres-server.ts';

const MACHINES = 200;
const KILLS = 12;
const KILL_AFTER_MAX_MS = 500;
/** The script is not in a folder from which packages are found. */
const PINO = createRequire(import.meta.url).resolve('pino');
const DIST = path.resolve(import.meta.dirname, '../../dist');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-lives-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/**
 * 200 machines at once, each with one random possible event after another. The first line is `loaded`; each further one
 * is an acknowledged change: who caused it, which no other change has, the machine, and its life.
 */
const script = (settings: StoreSettings, round: number): string => `
  const { openStore } = await import(${JSON.stringify(`${DIST}/store/open-store.js`)});
  const { Lives } = await import(${JSON.stringify(`${DIST}/machines/lives.js`)});
  const { Counters } = await import(${JSON.stringify(`${DIST}/limits/counters.js`)});
  const { allowedEvents } = await import(${JSON.stringify(`${DIST}/provision/machines/lifecycle/advance.js`)});
  const { pino } = await import(${JSON.stringify(PINO)});
  const log = pino({ level: 'error' }, pino.destination(2));
  const now = () => new Date();
  const nowMs = () => performance.now();
  const limits = { stallAfterMs: 300_000 };
  const { store } = await openStore(${JSON.stringify(settings)}, { log, nowMs });
  const lives = await Lives.load({ store: store.lives, counters: new Counters(), log, now, nowMs, limits });
  lives.start();
  const details = () => ({
    arm: { purpose: 'install', attemptsLeft: 3, expiresAtMs: Date.now() + 3_600_000, by: 'test', reason: 'test' },
    session: { id: 's', startedAtMs: 1, purpose: 'install', mac: '52:54:00:00:00:01', address: '10.0.0.1',
      tokens: { boot: 'a', installed: 'b', report: 'c' }, fetchedAtMs: {} },
    purpose: 'install', message: 'test', permanent: false, installation: { atMs: 1 },
  });
  let count = 0;
  const live = async (machineId) => {
    for (;;) {
      const kinds = allowedEvents(lives.of(machineId, true), Date.now());
      const kind = kinds[Math.floor(Math.random() * kinds.length)];
      const by = 'round-${round}-' + ++count;
      const done = await lives.apply({ machineId, declared: true, by, event: { kind, ...details() } });
      if (done.kind === 'advanced') console.log(by + ' ' + machineId + ' ' + JSON.stringify(done.life));
    }
  };
  console.log('loaded');
  for (let number = 0; number < ${MACHINES}; number++) void live('node' + number);`;

/** Lets a process change the lives until it is killed at a random moment; returns the lines that it printed whole. */
async function killedRun(settings: StoreSettings, round: number): Promise<string[]> {
  const file = path.join(folder, `round-${round}.mjs`);
  writeFileSync(file, script(settings, round));
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  let killer: NodeJS.Timeout | undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    killer ??= setTimeout(() => child.kill('SIGKILL'), Math.random() * KILL_AFTER_MAX_MS);
  });
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
  // A line without its end was cut by the kill.
  return output.split('\n').slice(1, -1);
}

async function allTransitions({ transitions }: Store): Promise<Transition[]> {
  const all: Transition[] = [];
  for (;;) {
    const page = await transitions.readTransitions({ after: all.at(-1)?.number ?? 0, limit: 1_000 });
    if (page.kind === 'deleted') throw new Error('no transition should be deleted');
    if (page.transitions.length === 0) return all;
    all.push(...page.transitions);
  }
}

async function killAgainAndAgain(settings: StoreSettings, open: () => Promise<Store>): Promise<void> {
  const acknowledged = new Map<string, string>();
  for (let round = 0; round < KILLS; round++) {
    const lastOf = new Map<string, { by: string; life: string }>();
    for (const line of await killedRun(settings, round)) {
      const [by = '', machineId = '', ...life] = line.split(' ');
      acknowledged.set(by, machineId);
      lastOf.set(machineId, { by, life: life.join(' ') });
    }
    const store = await open();
    const transitions = await allTransitions(store);
    const stored = new Map((await store.lives.loadLives()).map(({ life, machineId }) => [machineId, life]));
    await store.close();
    const latest = new Map(transitions.map((transition) => [transition.machineId, transition]));
    const missing = new Set(acknowledged.keys());
    for (const { source } of transitions) missing.delete(source);
    expect([...missing]).toEqual([]);
    // The life and the log of its changes are written together.
    expect(stored.size).toBe(latest.size);
    for (const [machineId, { detail }] of latest) {
      expect(stored.get(machineId)).toMatchObject({ state: detail['to'] });
    }
    for (const [machineId, { by, life }] of lastOf) {
      // A later change may be durable without having been acknowledged.
      if (latest.get(machineId)?.source === by) expect(stored.get(machineId)).toEqual(JSON.parse(life));
    }
  }
  // Otherwise no change was under way when the process was killed.
  expect(acknowledged.size).toBeGreaterThan(MACHINES);
  await everyMachineGoesOn(await open());
}

/** What an operator does and a machine tells next on the way to `installed`, in each state. */
const NEXT: Readonly<Record<LifeState, LifeEvent>> = {
  discovered: { kind: 'approve' },
  ready: { kind: 'arm', arm: openArm() },
  armed: { kind: 'script_served', purpose: 'install' },
  booting: { kind: 'ignition_served' },
  installing: { kind: 'report_installed', installation: { atMs: 1 } },
  installed: { kind: 'report_up' },
  live: { kind: 'arm', arm: openArm() },
  rescue: { kind: 'arm', arm: openArm() },
  failed: { kind: 'clear' },
  retired: { kind: 'restore' },
};
const STEPS_MAX = 12;

function openArm(): Arm {
  return {
    purpose: 'install',
    attemptsLeft: 3,
    expiresAtMs: Date.now() + 3_600_000,
    by: 'test',
    reason: 'test',
  };
}

/** Brings every machine to `installed`, whatever it was in the middle of. */
async function everyMachineGoesOn(store: Store): Promise<void> {
  const log = pino({ level: 'silent' });
  const { now, nowMs } = SYSTEM_CLOCK;
  const limits = { stallAfterMs: 300_000 };
  const lives = await Lives.load({ store: store.lives, counters: new Counters(), log, now, nowMs, limits });
  const ends = await Promise.all(
    Array.from({ length: MACHINES }, (_, number) => bringOn(lives, `node${number}`)),
  );
  expect(ends.filter((end) => end !== 'installed')).toEqual([]);
  await lives.close();
  await store.close();
}

/** The state in which the machine is in the end, or why it does not go on. */
async function bringOn(lives: Lives, machineId: string): Promise<string> {
  const apply = (event: LifeEvent) => lives.apply({ machineId, declared: true, by: 'test', event });
  for (const kind of ['release', 'unlock'] as const) await apply({ kind });
  for (let step = 0; step < STEPS_MAX; step++) {
    const { arm, conditions, purpose, state } = lives.of(machineId, true);
    if (state === 'installed') return state;
    const isLooping = conditions.loop_detected !== undefined && state !== 'installing';
    // A boot for another purpose, or whose arm is over, is given up for an installation.
    const isAnother = state === 'booting' && purpose !== 'install';
    const isOver = state === 'armed' && (arm === undefined || arm.expiresAtMs <= Date.now());
    const event = isLooping
      ? ({ kind: 'clear' } as const)
      : isAnother || isOver
        ? ({ kind: 'arm', arm: openArm() } as const)
        : NEXT[state];
    const done = await apply(event);
    if (done.kind === 'invalid') return `${machineId} is ${state}: ${event.kind}: ${done.reason}`;
  }
  return `${machineId} is ${lives.of(machineId, true).state} after ${STEPS_MAX} steps`;
}

test('no acknowledged change is lost when the process is killed, on SQLite', async () => {
  const settings = { file: path.join(folder, 'railhead.db'), synchronous: 'full' } as const;
  await killAgainAndAgain(settings, async () => completeStore(await openSqliteStore(settings)));
});

describe.runIf(canUsePostgres())('on PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.start();
  }, 60_000);
  afterAll(() => server.remove(), 60_000);

  test('no acknowledged change is lost when the process is killed', async () => {
    const settings = { url: await server.createDatabase(), synchronous: 'full' } as const;
    await killAgainAndAgain(settings, async () => completeStore(await openPostgresStore(settings)));
  });
});
