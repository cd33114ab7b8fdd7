import { describe, expect, it } from 'vitest';
import {
  decideByLife,
  decideWithoutLife,
  type LifecyclePolicy,
} from '../../../src/provision/boot/decide-by-life.ts';
import { advance } from '../../../src/provision/machines/lifecycle/advance.ts';
import type { Life, LifeState } from '../../../src/provision/machines/lifecycle/life.ts';
import { lifeIn, NOW_MS, someArm } from '../machines/lifecycle/some-lives.ts';

const INSTALL: LifecyclePolicy = {
  lifecycle: 'install',
  isProtected: false,
  armsAutomatically: false,
  unarmed: 'local',
  onFailure: 'hold',
};
const POLICIES = {
  live: { ...INSTALL, lifecycle: 'live', unarmed: 'wait' },
  protected: { ...INSTALL, lifecycle: 'live', isProtected: true, unarmed: 'wait' },
  install: INSTALL,
  'install, arm: auto': { ...INSTALL, armsAutomatically: true },
  'install, unarmed: wait, on_failure: local': { ...INSTALL, unarmed: 'wait', onFailure: 'local' },
  'install, on_failure: rescue': { ...INSTALL, onFailure: 'rescue' },
} satisfies Record<string, LifecyclePolicy>;
type PolicyName = keyof typeof POLICIES;

const HOUR_MS = 3_600_000;
const expired: Life['arm'] = { ...someArm('install', 2), expiresAtMs: NOW_MS - 1 };
const looping = [NOW_MS - 3 * 60_000, NOW_MS - 2 * 60_000, NOW_MS - 60_000];

/** Machines in every state, and in those conditions of it that change what they may do. */
const LIVES = {
  discovered: lifeIn('discovered'),
  ready: lifeIn('ready'),
  'ready, armed by the system before': { ...lifeIn('ready'), armedBySystem: true },
  'armed to install': lifeIn('armed'),
  'armed for rescue': lifeIn('armed', 'rescue'),
  'armed, but the time is over': { ...lifeIn('armed'), arm: expired },
  'armed again by mistake in a loop': { ...lifeIn('armed'), installsBegunMs: looping },
  'armed for rescue after a loop': { ...lifeIn('armed', 'rescue'), installsBegunMs: looping },
  booting: lifeIn('booting'),
  'booting, and the time of the arm is over': { ...lifeIn('booting'), arm: expired },
  'booting without an arm': {
    ...lifeIn('booting'),
    purpose: undefined,
    arm: undefined,
  } as unknown as Life,
  'installing, attempts left': lifeIn('installing'),
  'installing, no attempts left': { ...lifeIn('installing'), arm: someArm('install', 0) },
  'installing, and the time of the arm is over': { ...lifeIn('installing'), arm: expired },
  'installing for the third time': { ...lifeIn('installing'), installsBegunMs: looping },
  installed: lifeIn('installed'),
  live: lifeIn('live'),
  rescue: lifeIn('rescue'),
  failed: lifeIn('failed'),
  'failed by a loop': {
    ...lifeIn('failed'),
    conditions: { loop_detected: { sinceMs: NOW_MS, message: 'it loops' } },
  },
  held: { ...lifeIn('armed'), conditions: { held: { sinceMs: NOW_MS, message: 'bad fan' } } },
  retired: lifeIn('retired'),
} satisfies Record<string, Life>;
type LifeName = keyof typeof LIVES;

// What is decided, as `kind` `purpose or cause` `event`. A missing policy decides as `install` does.
const TABLE: Record<LifeName, Partial<Record<PolicyName, string>>> = {
  discovered: {
    live: 'boot',
    protected: 'wait unarmed asked_while_unarmed',
    install: 'local unarmed asked_while_unarmed',
    'install, arm: auto': 'boot install auto_arm',
    'install, unarmed: wait, on_failure: local': 'wait unarmed asked_while_unarmed',
  },
  ready: {
    live: 'boot',
    protected: 'wait unarmed asked_while_unarmed',
    install: 'local unarmed asked_while_unarmed',
    'install, arm: auto': 'boot install auto_arm',
    'install, unarmed: wait, on_failure: local': 'wait unarmed asked_while_unarmed',
  },
  'ready, armed by the system before': {
    live: 'boot',
    protected: 'wait unarmed asked_while_unarmed',
    install: 'local unarmed asked_while_unarmed',
    'install, unarmed: wait, on_failure: local': 'wait unarmed asked_while_unarmed',
  },
  'armed to install': { install: 'boot install' },
  'armed for rescue': { install: 'boot rescue' },
  'armed, but the time is over': {
    install: 'local unarmed arm_expired',
    // It may boot after that, so it asks again.
    live: 'wait unarmed arm_expired',
    'install, arm: auto': 'wait unarmed arm_expired',
    protected: 'wait unarmed arm_expired',
    'install, unarmed: wait, on_failure: local': 'wait unarmed arm_expired',
  },
  'armed again by mistake in a loop': {
    install: 'wait loop_detected loop_detected',
    'install, unarmed: wait, on_failure: local': 'local loop_detected loop_detected',
  },
  'armed for rescue after a loop': { install: 'boot rescue' },
  booting: { install: 'boot install' },
  'booting, and the time of the arm is over': { install: 'boot install' },
  'booting without an arm': {
    live: 'boot',
    protected: 'wait unarmed asked_while_unarmed',
    install: 'local unarmed asked_while_unarmed',
    'install, unarmed: wait, on_failure: local': 'wait unarmed asked_while_unarmed',
  },
  'installing, attempts left': { install: 'boot install' },
  'installing, no attempts left': {
    install: 'wait failed rebooted_without_report',
    'install, unarmed: wait, on_failure: local': 'local failed rebooted_without_report',
    'install, on_failure: rescue': 'boot rescue rebooted_without_report',
  },
  'installing, and the time of the arm is over': {
    install: 'wait failed rebooted_without_report',
    'install, unarmed: wait, on_failure: local': 'local failed rebooted_without_report',
    'install, on_failure: rescue': 'boot rescue rebooted_without_report',
  },
  'installing for the third time': {
    install: 'wait loop_detected loop_detected',
    'install, unarmed: wait, on_failure: local': 'local loop_detected loop_detected',
  },
  installed: {
    live: 'boot',
    protected: 'wait unarmed asked_while_unarmed',
    install: 'local installed asked_while_unarmed',
  },
  live: {
    live: 'boot',
    protected: 'wait unarmed asked_while_unarmed',
    install: 'local unarmed asked_while_unarmed',
    'install, unarmed: wait, on_failure: local': 'wait unarmed asked_while_unarmed',
  },
  rescue: { install: 'boot rescue' },
  failed: {
    live: 'boot',
    install: 'wait failed',
    'install, unarmed: wait, on_failure: local': 'local failed',
    'install, on_failure: rescue': 'boot rescue',
  },
  'failed by a loop': {
    install: 'wait loop_detected',
    'install, unarmed: wait, on_failure: local': 'local loop_detected',
  },
  held: { install: 'wait held' },
  retired: { install: 'refuse retired' },
};

const CASES = (Object.keys(LIVES) as LifeName[]).flatMap((name) =>
  (Object.keys(POLICIES) as PolicyName[]).map((policy) => ({
    name,
    policy,
    expected: TABLE[name][policy] ?? TABLE[name].install ?? '',
  })),
);

describe('what a machine may do by its life', () => {
  it.each(CASES)('$name, profile $policy: $expected', ({ expected, name, policy }) => {
    const decision = decideByLife(LIVES[name], POLICIES[policy], NOW_MS);
    const what = decision.kind === 'boot' ? decision.purpose : decision.cause;
    expect([decision.kind, what, decision.event].filter((part) => part !== undefined).join(' ')).toBe(
      expected,
    );
  });

  it.each(CASES)('$name, profile $policy: its event is possible', ({ name, policy }) => {
    const { event } = decideByLife(LIVES[name], POLICIES[policy], NOW_MS);
    if (event === undefined || event === 'asked_while_unarmed') return;
    const applied =
      event === 'auto_arm' ? ({ kind: event, arm: someArm() } as const) : ({ kind: event } as const);
    expect(advance(LIVES[name], applied, NOW_MS).kind).toBe('advanced');
  });

  it.each<[LifeName, PolicyName, RegExp]>([
    ['held', 'install', /^machine node1 is held: bad fan$/],
    ['ready', 'install', /^machine node1 is not armed$/],
    ['armed, but the time is over', 'install, arm: auto', /^the arm of machine node1 has expired$/],
    ['installing, no attempts left', 'install', /without a report, and it has no attempts left$/],
    ['installing, and the time of the arm is over', 'install', /without a report, and its arm has expired$/],
    ['failed', 'install', /^machine node1 has failed: no disk$/],
  ])('%s, profile %s: the reason', (name, policy, reason) => {
    const decision = decideByLife(LIVES[name], POLICIES[policy], NOW_MS);
    expect('reason' in decision && decision.reason).toMatch(reason);
  });
});

describe('an arm that is over', () => {
  const served = { kind: 'script_served', purpose: 'install', deadlineMs: NOW_MS + HOUR_MS } as const;

  it('boots nothing any more', () => {
    const late = { ...lifeIn('armed'), arm: expired };
    expect(advance(late, served, NOW_MS)).toMatchObject({ kind: 'invalid', reason: 'its arm has expired' });
  });

  it('lets a boot that has begun go on, until the time that it was promised', () => {
    const late = { ...lifeIn('booting'), arm: expired };
    expect(advance(late, served, NOW_MS)).toMatchObject({ life: { deadlineMs: late.deadlineMs } });
    expect(advance(lifeIn('booting'), served, NOW_MS)).toMatchObject({
      life: { deadlineMs: NOW_MS + HOUR_MS },
    });
  });

  it('lets a running installation report, and begins no other one', () => {
    const late = { ...lifeIn('installing'), arm: expired };
    const report = { kind: 'report_installed', installation: { atMs: NOW_MS } } as const;
    expect(advance(late, report, NOW_MS)).toMatchObject({ to: 'installed' });
    expect(advance(late, served, NOW_MS)).toMatchObject({ kind: 'invalid' });
    expect(advance(late, { kind: 'rebooted_without_report' }, NOW_MS)).toMatchObject({
      life: { failure: { message: expect.stringContaining('its arm has expired') as string } },
    });
  });
});

describe('a machine that cannot have a life, since it sends no MAC address', () => {
  it.each<[PolicyName, string | undefined]>([
    ['live', undefined],
    ['protected', 'wait'],
    ['install', 'local'],
  ])('profile %s: %s', (policy, kind) => {
    expect(decideWithoutLife(POLICIES[policy])?.kind).toBe(kind);
  });
});

/** The states of the table. */
it('every state is in the table', () => {
  const states = new Set<LifeState>(Object.values<Life>(LIVES).map(({ state }) => state));
  expect(states.size).toBe(10);
});
