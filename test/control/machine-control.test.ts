import { describe, expect, it } from 'vitest';
import { ownerActor } from '../../src/control/actor.ts';
import { MachineControl } from '../../src/control/machine-control.ts';
import type { MachineSubject } from '../../src/control/machine-subject.ts';
import { LIFE_STATES, type LifeState } from '../../src/provision/machines/lifecycle/life.ts';
import { FakeMachines, someSubject } from './fake-machines.ts';

const anna = ownerActor('socket:anna');

/** The verbs that are possible in each state, for a declared machine of a file whose profile installs. */
const POSSIBLE: Readonly<Record<LifeState, string>> = {
  discovered: 'approve reject hold release lock unlock retire delete',
  ready: 'arm rescue adopt hold release lock unlock retire',
  armed: 'arm disarm rescue hold release lock unlock retire',
  booting: 'arm disarm rescue hold release lock unlock retire',
  installing: 'disarm hold release lock unlock',
  installed: 'reinstall reset rescue hold release lock unlock retire',
  live: 'arm rescue hold release lock unlock retire',
  rescue: 'arm rescue unrescue hold release lock unlock retire',
  failed: 'arm rescue clear hold release lock unlock retire',
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
        input: verb === 'reinstall' ? { confirm: 'node1' } : {},
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

  it('arms for what the profile is for, with reason, attempts and time', async () => {
    const outcome = await run('arm', { reason: 'new disk', attempts: 2, ttl_minutes: 30 });
    expect(outcome).toMatchObject({
      kind: 'done',
      machine: {
        state: 'armed',
        arm: {
          purpose: 'install',
          attempts_left: 2,
          by: 'socket:anna',
          reason: 'new disk',
          expires_at: '2026-01-02T03:34:05.000Z',
        },
      },
    });
  });

  it.each([{}, { ttl_minutes: 5, attempts: 3, reason: 'new disk' }])(
    'that arms in the same way again changes nothing, so that no token becomes void: %j',
    async (input) => {
      const machines = new FakeMachines(someSubject());
      await run('arm', input, undefined, machines);
      expect(await run('arm', input, undefined, machines)).toMatchObject({
        kind: 'done',
        machine: { state: 'armed' },
      });
      expect(machines.changes).toHaveLength(1);
      await run('arm', { ...input, reason: 'another reason' }, undefined, machines);
      expect(machines.changes).toHaveLength(2);
    },
  );

  it('that arms in the same way as the boot that is under way leaves that alone', async () => {
    const armed = new FakeMachines(someSubject());
    await run('arm', {}, undefined, armed);
    const { arm } = (await armed.find('node1'))?.life ?? {};
    const booting = {
      ...someSubject('booting'),
      life: { ...someSubject('booting').life, arm },
    } as MachineSubject;
    const machines = new FakeMachines(booting);
    expect(await run('arm', {}, undefined, machines)).toMatchObject({ machine: { state: 'booting' } });
    expect(machines.changes).toEqual([]);
    expect(await run('arm', { attempts: 2 }, undefined, machines)).toMatchObject({
      machine: { state: 'armed' },
    });
  });

  it('installs a machine again whose id or host name is repeated', async () => {
    const named = someSubject('installed');
    const subject = { ...named, machine: { ...named.machine, hostname: 'db1' } } as MachineSubject;
    for (const confirm of ['node1', 'db1']) {
      expect(await run('reinstall', { confirm }, subject)).toMatchObject({
        kind: 'done',
        machine: { state: 'armed', arm: { purpose: 'install' } },
      });
    }
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

  it('with a group gives the machine the labels by which the group selects it, or is refused', async () => {
    const machines = new FakeMachines(someSubject('discovered'));
    expect(await run('approve', { group: 'storage' }, undefined, machines)).toMatchObject({
      kind: 'refused',
      reason: 'there is no group storage',
    });
    await run('approve', { group: 'workers', labels: { rack: '1' } }, undefined, machines);
    expect(machines.changes).toMatchObject([{ record: { labels: { role: 'worker', rack: '1' } } }]);
    expect(machines.audit.at(-1)).toMatchObject({ detail: { group: 'workers', labels: { rack: '1' } } });
  });

  it.each([
    ['approve', { labels: { rack: 1 } }, /^labels.rack: /],
    ['reinstall', {}, 'confirm: Invalid input: expected string, received undefined'],
    ['arm', { purpose: 'wipe' }, /^purpose: /],
    ['arm', { attempts: 0 }, /^attempts: /],
    ['arm', { ttl_minutes: 1e9 }, /^ttl_minutes: /],
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

  const live = {
    group: 'g',
    profile: 'p',
    lifecycle: 'live',
    needsArm: false,
    faultOf: (purpose: string) => `there is no profile for ${purpose}`,
  } as const;
  it.each<[string, object, Partial<MachineSubject>, string]>([
    [
      'reinstall',
      { confirm: 'node2' },
      someSubject('installed'),
      'everything on its disk will be lost: to confirm, give its id node1 as "confirm"',
    ],
    ['reinstall', { confirm: 'node1' }, {}, 'it is not installed; arm it instead'],
    [
      'arm',
      {},
      someSubject('installed'),
      'it is installed: `reinstall` installs it again, and everything on its disk is lost',
    ],
    [
      'arm',
      {},
      { profile: { problem: 'no group selects it' } },
      'there is nothing to arm it for: no group selects it',
    ],
    ['arm', { purpose: 'live' }, {}, 'its profile p is an installer: it says `lifecycle: install`'],
    [
      'arm',
      { purpose: 'install' },
      { profile: live },
      'its profile p installs nothing: it does not say `lifecycle: install`',
    ],
    ['arm', {}, { profile: live }, 'its profile p needs no arm: it boots whenever the machine asks'],
    ['arm', { purpose: 'reset' }, {}, 'nothing is installed on it that could be reset'],
    ['rescue', {}, { profile: live }, 'there is no profile for rescue'],
    ['reset', {}, { ...someSubject('installed'), profile: live }, 'there is no profile for reset'],
    ['disarm', {}, {}, 'it is ready, and "disarm" is not possible in that state'],
  ])('%s %j is refused', async (verb, input, change, reason) => {
    expect(await run(verb, input, { ...someSubject(), ...change })).toMatchObject({
      kind: 'refused',
      reason,
    });
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
      reason: expect.stringMatching(/^there is no verb explode; there are approve, reject, arm, /) as string,
    });
  });

  it('shows what the machine has told of itself', async () => {
    const machines = new FakeMachines(someSubject());
    const at = new Date('2026-01-02T03:00:00Z');
    machines.told = {
      inventory: { facts: { memory_bytes: 8 }, changedAt: at, reportedAt: at },
      factChanges: [{ at, changes: [{ field: 'memory_bytes', before: 4, after: 8 }] }],
      reports: [
        {
          id: 1,
          at,
          machineId: 'node1',
          report: {
            status: 'failed',
            phase: 'disk',
            message: 'no disk',
            log: ['x'],
            permanent: true,
            configHash: 'aa',
          },
        },
      ],
    };
    const time = '2026-01-02T03:00:00.000Z';
    expect(await new MachineControl(machines).show('node1')).toMatchObject({
      id: 'node1',
      hardware: {
        reported_at: time,
        changed_at: time,
        facts: { memory_bytes: 8 },
        changes: [{ at: time, changes: [{ field: 'memory_bytes', before: 4, after: 8 }] }],
      },
      reports: [
        {
          at: time,
          status: 'failed',
          phase: 'disk',
          message: 'no disk',
          log: ['x'],
          permanent: true,
          config_hash: 'aa',
        },
      ],
    });
  });

  it('shows no metadata', async () => {
    expect(JSON.stringify(await run('hold', {}))).not.toContain('secret');
  });
});
