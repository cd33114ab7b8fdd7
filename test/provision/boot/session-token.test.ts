import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ipv4Address } from '../../../src/protocol/ipv4-address.ts';
import {
  decideByToken,
  type PresentedToken,
  type SessionDocument,
  type TokenAlarm,
  type TokenQuestion,
} from '../../../src/provision/boot/session-token.ts';
import { advance } from '../../../src/provision/machines/lifecycle/advance.ts';
import { LIFE_EVENT_KINDS } from '../../../src/provision/machines/lifecycle/life-event.ts';
import {
  ARM_PURPOSES,
  type ArmPurpose,
  type Life,
  LIFE_STATES,
  newLife,
} from '../../../src/provision/machines/lifecycle/life.ts';
import { CONFIG_ALLOWED } from '../../../src/provision/machines/lifecycle/rule-sets.ts';
import type { Sender } from '../../../src/provision/machines/sender.ts';
import { eventOf, lifeIn, NOW_MS, someArm, someSession } from '../machines/lifecycle/some-lives.ts';

const GRACE_MS = 120_000;
const HELD = { held: { sinceMs: NOW_MS, message: 'new rack' } };

function fetched(document: SessionDocument, agoMs: number, life: Life = lifeIn('booting')): Life {
  const session = { ...someSession(), fetchedAtMs: { [document]: NOW_MS - agoMs } };
  return { ...life, session };
}

function inMemory(state: 'live' | 'rescue', purpose: ArmPurpose = state): Life {
  return { ...lifeIn(state), session: someSession(purpose) };
}

function expiredArm(life: Life): Life {
  return { ...life, arm: { ...someArm(), expiresAtMs: NOW_MS } };
}

function ask(question: Partial<TokenQuestion>): ReturnType<typeof decideByToken> {
  return decideByToken({
    life: lifeIn('booting'),
    document: 'ignition',
    token: 'boot',
    sender: 'own',
    address: someSession().address,
    nowMs: NOW_MS,
    graceMs: GRACE_MS,
    ...question,
  });
}

interface Row extends Partial<TokenQuestion> {
  readonly name: string;
}

describe('decideByToken', () => {
  it.each<Row & { first?: boolean; alarm?: TokenAlarm; noted?: string }>([
    { name: 'the first fetch while it boots', life: lifeIn('booting') },
    { name: 'another document of the same boot', life: fetched('ignition', 1e9), document: 'metadata' },
    { name: 'another generic template', life: fetched('generic a', 1e9), document: 'generic b' },
    {
      name: 'metadata for the installed system',
      life: lifeIn('installing'),
      document: 'metadata',
      token: 'installed',
      noted: 'installed metadata',
    },
    {
      name: 'metadata for the installed system, which the installer has had for itself',
      life: fetched('metadata', 1e9, lifeIn('installing')),
      document: 'metadata',
      token: 'installed',
      noted: 'installed metadata',
    },
    {
      name: 'a part of its config to the installed system when it first starts',
      life: fetched('installed ignition', 1e9, lifeIn('installed')),
      document: 'generic secrets',
      token: 'installed',
      noted: 'installed generic secrets',
    },
    { name: 'a generic template', document: 'generic secrets' },
    {
      name: 'the second stage',
      life: lifeIn('installing'),
      document: 'installed ignition',
      token: 'installed',
    },
    {
      name: 'the second stage of a reset',
      life: lifeIn('installing', 'reset'),
      document: 'installed ignition',
      token: 'installed',
    },
    { name: 'what a live system fetches later', life: inMemory('live'), document: 'metadata' },
    { name: 'what a rescue system fetches later', life: inMemory('rescue'), document: 'generic tools' },
    {
      name: 'a boot for which nobody armed it',
      life: { ...lifeIn('booting', 'rescue'), arm: undefined } as unknown as Life,
    },
    { name: 'a retry within the grace', life: fetched('ignition', GRACE_MS), first: false },
    {
      name: 'a retry after the clock was set back a little',
      life: fetched('ignition', -GRACE_MS),
      first: false,
    },
    {
      name: 'a retry after the installation began',
      life: fetched('ignition', 1000, lifeIn('installing')),
      first: false,
    },
    { name: 'another address', address: '10.0.0.99' as Ipv4Address, alarm: 'other_address' },
    { name: 'an address of IPv6', address: undefined, alarm: 'other_address' },
    // Reports need no more than their token.
    { name: 'a report', life: lifeIn('installing'), document: 'report', token: 'report', first: false },
    {
      name: 'a report after the arm expired',
      life: expiredArm(lifeIn('installing')),
      document: 'report',
      token: 'report',
      first: false,
    },
    {
      name: 'a report of a held machine',
      life: { ...lifeIn('installing'), conditions: HELD },
      document: 'report',
      token: 'report',
      first: false,
    },
    {
      name: 'a late report',
      life: { ...lifeIn('failed'), session: someSession() },
      document: 'report',
      token: 'report',
      first: false,
    },
    {
      name: 'a report of the installed system',
      life: { ...lifeIn('installed'), session: someSession() },
      document: 'report',
      token: 'report',
      first: false,
    },
    {
      name: 'a report through a router',
      document: 'report',
      token: 'report',
      sender: 'unknown',
      first: false,
    },
  ])('permits $name', ({ name: _name, first = true, alarm, noted, ...question }) => {
    const verdict = ask(question);
    expect(verdict).toMatchObject({ kind: 'allowed', first });
    expect(verdict.alarm).toBe(alarm);
    if (verdict.kind !== 'allowed' || !first) return;
    const { document = 'ignition', life = lifeIn('booting') } = question;
    expect(verdict.session).toEqual({
      ...life.session,
      fetchedAtMs: { ...life.session?.fetchedAtMs, [noted ?? document]: NOW_MS },
    });
  });

  it.each<Row & { status: 403 | 503; alarm?: TokenAlarm }>([
    { name: 'another card', sender: 'foreign', status: 403, alarm: 'foreign_sender' },
    {
      name: 'another card without a token',
      sender: 'foreign',
      token: 'none',
      life: lifeIn('ready'),
      status: 403,
      alarm: 'foreign_sender',
    },
    {
      name: 'another card, while the machine is held',
      sender: 'foreign',
      life: { ...lifeIn('booting'), conditions: HELD },
      status: 403,
      alarm: 'foreign_sender',
    },
    {
      name: 'a report of another card',
      sender: 'foreign',
      document: 'report',
      token: 'report',
      status: 403,
      alarm: 'foreign_sender',
    },
    { name: 'a card that is not known', sender: 'unknown', status: 403, alarm: 'unknown_sender' },
    { name: 'a MAC address alone', token: 'none', status: 403, alarm: 'no_token' },
    {
      name: 'a MAC address alone, within the grace',
      token: 'none',
      life: fetched('ignition', 1000),
      status: 403,
      alarm: 'no_token',
    },
    { name: 'a report without a token', document: 'report', token: 'none', status: 403, alarm: 'no_token' },
    {
      name: 'a report of a machine without a session',
      document: 'report',
      token: 'unknown',
      life: lifeIn('ready'),
      status: 403,
      alarm: 'unknown_token',
    },
    { name: 'a guessed token', token: 'unknown', status: 403, alarm: 'unknown_token' },
    {
      name: 'a guessed token, while it is not armed',
      token: 'unknown',
      life: lifeIn('ready'),
      status: 403,
      alarm: 'unknown_token',
    },
    {
      name: 'the token of another machine',
      token: 'another_machine',
      status: 403,
      alarm: 'another_machines_token',
    },
    { name: 'the token of an earlier boot', token: 'earlier', status: 403, alarm: 'expired' },
    { name: 'the token of reports', token: 'report', status: 403, alarm: 'wrong_use' },
    {
      name: 'the token of the installed system for the installer',
      token: 'installed',
      status: 403,
      alarm: 'wrong_use',
    },
    {
      name: 'the token of the installer for the installed system',
      document: 'installed ignition',
      status: 403,
      alarm: 'wrong_use',
    },
    { name: 'a report with the token of the boot', document: 'report', status: 403, alarm: 'wrong_use' },
    {
      name: 'the installed config in a live system',
      life: inMemory('live'),
      document: 'installed ignition',
      token: 'installed',
      status: 403,
      alarm: 'wrong_use',
    },
    {
      name: 'a second use after the grace',
      life: fetched('ignition', GRACE_MS + 1),
      status: 403,
      alarm: 'used',
    },
    {
      name: 'a second use after the clock was set back',
      life: fetched('ignition', -GRACE_MS - 1),
      status: 403,
      alarm: 'used',
    },
    { name: 'an expired arm', life: expiredArm(lifeIn('booting')), status: 403, alarm: 'expired' },
    {
      name: 'a retry with an expired arm',
      life: expiredArm(fetched('ignition', 1000)),
      status: 403,
      alarm: 'expired',
    },
    {
      name: 'the second stage with an expired arm',
      life: expiredArm(lifeIn('installing')),
      document: 'installed ignition',
      token: 'installed',
      status: 403,
      alarm: 'expired',
    },
    {
      name: 'the token of a boot that was for something else',
      life: { ...lifeIn('booting', 'rescue'), session: someSession('install') },
      status: 403,
      alarm: 'expired',
    },
    {
      name: 'the token of an installation in a live system',
      life: inMemory('live', 'install'),
      status: 403,
      alarm: 'expired',
    },
    {
      name: 'the token after the installation',
      life: { ...lifeIn('installed'), session: someSession() },
      status: 403,
      alarm: 'expired',
    },
    {
      name: "the installed system's token once that has reported that it is up",
      life: { ...fetched('installed ignition', 1e9, lifeIn('installed')), confirmed: true },
      document: 'generic secrets',
      token: 'installed',
      status: 403,
      alarm: 'expired',
    },
    {
      name: "the installed system's token if its config was never fetched",
      life: { ...lifeIn('installed'), session: someSession() },
      document: 'metadata',
      token: 'installed',
      status: 403,
      alarm: 'expired',
    },
    {
      name: "the installer's token when the installed system starts",
      life: fetched('installed ignition', 1e9, lifeIn('installed')),
      document: 'generic secrets',
      status: 403,
      alarm: 'expired',
    },
    {
      name: 'the token of a boot that was given up',
      life: { ...lifeIn('armed'), session: someSession() },
      status: 403,
      alarm: 'expired',
    },
    { name: 'a held machine', life: { ...lifeIn('booting'), conditions: HELD }, status: 503 },
    {
      name: 'a held machine without a token',
      token: 'none',
      life: { ...lifeIn('ready'), conditions: HELD },
      status: 503,
    },
    { name: 'a machine that is not approved', token: 'none', life: lifeIn('discovered'), status: 503 },
    { name: 'a machine that is not armed', token: 'none', life: lifeIn('ready'), status: 503 },
    { name: 'an armed machine without its script', token: 'none', life: lifeIn('armed'), status: 503 },
    { name: 'an installed machine', token: 'none', life: lifeIn('installed'), status: 503 },
    { name: 'a failed machine', token: 'none', life: lifeIn('failed'), status: 503 },
    { name: 'a retired machine', token: 'none', life: lifeIn('retired'), status: 403 },
    {
      name: 'a report of a retired machine',
      document: 'report',
      token: 'report',
      life: { ...lifeIn('retired'), session: someSession() },
      status: 403,
    },
  ])('refuses $name with $status', ({ name: _name, status, alarm, ...question }) => {
    const verdict = ask(question);
    expect(verdict).toMatchObject({ kind: 'refused', status });
    expect(verdict.alarm).toBe(alarm);
  });

  it('takes no token of the boot before in a boot without tokens', () => {
    const result = advance(lifeIn('booting', 'live'), { kind: 'script_served' }, NOW_MS);
    const live = result.kind === 'advanced' && advance(result.life, { kind: 'ignition_served' }, NOW_MS);
    if (live === false || live.kind !== 'advanced') throw new Error('the machine does not boot');
    expect(live.life.state).toBe('live');
    expect(ask({ life: live.life })).toMatchObject({ kind: 'refused', status: 403, alarm: 'expired' });
  });

  it('says why in words that name the machine', () => {
    expect(ask({ token: 'none', life: lifeIn('ready') })).toMatchObject({
      reason: 'machine node1 is not armed',
    });
    expect(ask({ sender: 'foreign' })).toMatchObject({
      reason:
        "this request came from a network card that is not one of machine node1: if it is, add its MAC address to the machine's record",
    });
  });
});

const CONFIGS: readonly SessionDocument[] = ['ignition', 'installed ignition', 'metadata', 'generic a'];
const TOKENS: readonly PresentedToken[] = [
  'boot',
  'installed',
  'report',
  'none',
  'earlier',
  'another_machine',
  'unknown',
];
const SENDERS: readonly Sender[] = ['own', 'own', 'foreign', 'unknown'];

const STEP = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('event' as const), kind: fc.constantFrom(...LIFE_EVENT_KINDS) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('script' as const),
      purpose: fc.constantFrom(undefined, ...ARM_PURPOSES, ...ARM_PURPOSES),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('arm' as const), purpose: fc.constantFrom(...ARM_PURPOSES) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('clock' as const), ms: fc.integer({ min: -3e5, max: 6e5 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      document: fc.constantFrom(...CONFIGS),
      token: fc.constantFrom(...TOKENS),
      sender: fc.constantFrom(...SENDERS),
    }),
  },
);

describe('any sequence of events and requests', () => {
  it('gives a config only to the machine itself, within the boot that its token is of, once and within the grace', () => {
    let given = 0;
    fc.assert(
      fc.property(fc.array(STEP, { minLength: 30, maxLength: 90 }), (steps) => {
        let life = newLife('node1', true);
        let nowMs = NOW_MS;
        /** The session of the latest script, until anything ends its boot. */
        let current: string | undefined;
        let scripts = 0;
        const firstMs = new Map<string, number>();
        const happen = (event: Parameters<typeof advance>[1]): boolean => {
          const result = advance(life, event, nowMs);
          if (result.kind === 'invalid') return false;
          life = result.life;
          if (!CONFIG_ALLOWED.has(life.state)) current = undefined;
          return true;
        };
        for (const step of steps) {
          switch (step.do) {
            case 'clock':
              nowMs += step.ms;
              break;
            case 'arm':
              happen({ kind: 'arm', arm: { ...someArm(step.purpose), expiresAtMs: nowMs + 1e6 } });
              break;
            case 'script': {
              const { purpose } = step;
              scripts += 1;
              const session = purpose && someSession(purpose, `session-${scripts}`);
              if (
                happen({ kind: 'script_served', ...(purpose && { purpose }), ...(session && { session }) })
              ) {
                current = session?.id;
              }
              break;
            }
            case 'event':
              if (step.kind !== 'script_served' && step.kind !== 'document_fetched')
                happen(eventOf(step.kind));
              break;
            case 'ask': {
              const verdict = ask({ ...step, life, nowMs });
              if (verdict.kind === 'refused') {
                expect([403, 503]).toContain(verdict.status);
                // Only what the machine itself may ask later is refused without an alarm.
                if (step.sender !== 'own') expect(verdict.alarm).toBeDefined();
                break;
              }
              given += 1;
              if (life.state === 'installed') {
                expect([step.token, life.confirmed]).toEqual(['installed', false]);
                expect(['metadata', 'generic a']).toContain(step.document);
                expect(firstMs.has(`${verdict.session.id} installed installed ignition`)).toBe(true);
              } else {
                expect(CONFIG_ALLOWED).toContain(life.state);
                expect(verdict.session.id).toBe(current);
              }
              expect(step.sender).toBe('own');
              expect(step.token).toBe(step.document === 'installed ignition' ? 'installed' : step.token);
              expect(['boot', 'installed']).toContain(step.token);
              expect(life.conditions.held).toBeUndefined();
              expect(life.arm === undefined || life.arm.expiresAtMs > nowMs).toBe(true);
              const key = `${verdict.session.id} ${step.token} ${step.document}`;
              const before = firstMs.get(key);
              expect(verdict.first).toBe(before === undefined);
              expect(before === undefined || Math.abs(nowMs - before) <= GRACE_MS).toBe(true);
              if (before === undefined) {
                firstMs.set(key, nowMs);
                happen({ kind: 'document_fetched', session: verdict.session });
                if (step.document === 'ignition') happen({ kind: 'ignition_served' });
              }
            }
          }
        }
      }),
      { numRuns: 1_000 },
    );
    // Otherwise nothing was shown.
    expect(given).toBeGreaterThan(500);
  });

  it('is decided for every state', () => {
    for (const state of LIFE_STATES) expect(ask({ life: lifeIn(state) }).kind).toMatch(/allowed|refused/);
  });
});
