import { describe, expect, it } from 'vitest';
import { ownerActor } from '../../src/control/actor.ts';
import { MachineControl } from '../../src/control/machine-control.ts';
import type { MachineSubject } from '../../src/control/machine-subject.ts';
import { LIFE_STATES, type LifeState } from '../../src/provision/machines/lifecycle/life.ts';
import { FakeMachines, someSubject } from './fake-machines.ts';

const anna = ownerActor('socket:anna');

/** The verbs that are possible in each state, for a declared machine of a file. */
const POSSIBLE: Readonly<Record<LifeState, string>> = {
  discovered: 'approve reject hold release lock unlock retire delete',
  ready: 'hold release lock unlock retire',
  armed: 'hold release lock unlock retire',
  booting: 'hold release lock unlock retire',
  installing: 'hold release lock unlock',
  installed: 'hold release lock unlock retire',
  live: 'hold release lock unlock retire',
  rescue: 'hold release lock unlock retire',
  failed: 'hold release lock unlock retire',
  retired: 'hold release lock unlock restore',
};

describe('what can be done to a machine', () => {
  it.each(LIFE_STATES)('in the state %s', async (state) => {
    const control = new MachineControl(new FakeMachines(someSubject(state)));
    const shown = await control.show('node1');
    const possible = Object.entries(shown?.actions ?? {}).filter(([, action]) => action.allowed);
    expect(possible.map(([name]) => name).join(' ')).toBe(POSSIBLE[state]);
  });

  it.each(LIFE_STATES)('is what then works, and nothing else, in the state %s', async (state) => {
    const shown = await new MachineControl(new FakeMachines(someSubject(state))).show('node1');
    for (const [verb, action] of Object.entries(shown?.actions ?? {})) {
      const machines = new FakeMachines(someSubject(state));
      const outcome = await new MachineControl(machines).run({
        verb,
        machineId: 'node1',
        input: {},
        actor: anna,
      });
      expect([verb, outcome.kind]).toEqual([
        verb,
        action.allowed ? (verb === 'delete' ? 'deleted' : 'done') : 'refused',
      ]);
      if (!action.allowed) expect(outcome).toMatchObject({ reason: action.reason });
      expect(machines.audit).toMatchObject([
        { verb, actor: 'socket:anna', target: 'node1', outcome: action.allowed ? 'done' : 'refused' },
      ]);
    }
  });
});

describe('a call', () => {
  const run = (
    verb: string,
    input: unknown,
    subject: MachineSubject = someSubject(),
    machines = new FakeMachines(subject),
  ) => new MachineControl(machines).run({ verb, machineId: 'node1', input, actor: anna });

  it('keeps a machine waiting for a reason', async () => {
    expect(await run('hold', { reason: 'new disk' })).toMatchObject({
      kind: 'done',
      machine: {
        state: 'ready',
        conditions: [{ type: 'held', since: '2026-01-02T03:04:05.000Z', message: 'new disk' }],
      },
    });
    expect(await run('hold', {})).toMatchObject({ machine: { conditions: [{ message: 'by socket:anna' }] } });
  });

  it('with a record makes it in the same change', async () => {
    const machines = new FakeMachines(someSubject('discovered'));
    await run('approve', { labels: { rack: '1' }, hostname: 'n1' }, undefined, machines);
    expect(machines.changes).toMatchObject([
      {
        record: {
          id: 'node1',
          macs: ['52:54:00:00:00:01'],
          serial: 'S1',
          labels: { rack: '1' },
          hostname: 'n1',
        },
      },
    ]);
  });

  it.each([
    ['approve', { labels: { rack: 1 } }, /^labels.rack: /],
    ['hold', { reason: 7 }, /^reason: /],
    ['hold', { colour: 'red' }, 'Unrecognized key: "colour"'],
    ['hold', 'text', /^Invalid input/],
  ])('%s with %j is invalid', async (verb, input, reason) => {
    const outcome = await run(verb, input, someSubject('discovered'));
    expect(outcome.kind).toBe('invalid');
    expect('reason' in outcome && outcome.reason).toMatch(reason);
  });

  it.each<[string, { [K in keyof MachineSubject]?: MachineSubject[K] | undefined }, string]>([
    ['reject', { life: someSubject('discovered').life }, 'it is declared; retire it instead'],
    [
      'approve',
      { ...someSubject('discovered'), discovered: undefined },
      'it was not discovered: it has not asked for anything yet',
    ],
    ['restore', {}, 'it is ready, and "restore" is not possible in that state'],
    [
      'delete',
      { ...someSubject('retired'), sources: ['files', 'netbox'] },
      'a file and netbox declares it; remove it there',
    ],
    ['delete', { ...someSubject('installed'), sources: ['approved'] }, 'it is installed; retire it first'],
  ])('%s is refused', async (verb, change, reason) => {
    const subject = { ...someSubject(), ...change } as MachineSubject;
    expect(await run(verb, {}, subject)).toMatchObject({ kind: 'refused', reason });
  });

  it('is denied without the permission, and that is recorded', async () => {
    const machines = new FakeMachines(someSubject());
    const viewer = { name: 'carl', permissions: new Set(['machines:read' as const]) };
    for (const verb of ['hold', 'delete']) {
      const outcome = await new MachineControl(machines).run({
        verb,
        machineId: 'node1',
        input: {},
        actor: viewer,
      });
      expect(outcome.kind).toBe('denied');
    }
    expect(machines.audit.map(({ outcome }) => outcome)).toEqual(['denied', 'denied']);
    expect(machines.changes).toEqual([]);
  });

  it('that cannot be stored changes nothing, and says why', async () => {
    const machines = new FakeMachines(someSubject());
    machines.failing = true;
    expect(await run('hold', {}, undefined, machines)).toEqual({
      kind: 'not_stored',
      reason: 'nothing was changed, since it could not be stored: the disk is full',
    });
  });

  it('about an unknown machine or an unknown verb says so', async () => {
    expect(await run('hold', {}, someSubject('ready', 'other'))).toMatchObject({ kind: 'not_found' });
    expect(await run('explode', {})).toMatchObject({
      kind: 'not_found',
      reason: expect.stringMatching(/^there is no verb explode; there are approve, reject, hold, /) as string,
    });
  });

  it('shows no metadata', async () => {
    expect(JSON.stringify(await run('hold', {}))).not.toContain('secret');
  });
});
