import { describe, expect, test } from 'vitest';
import { refuseByState } from '../../../src/provision/boot/config-by-state.ts';
import type { Life } from '../../../src/provision/machines/lifecycle/life.ts';
import type { Sender } from '../../../src/provision/machines/sender.ts';
import { lifeIn, NOW_MS, someArm } from '../machines/lifecycle/some-lives.ts';

const GRACE_MS = 120_000;
const HELD = { held: { sinceMs: NOW_MS, message: 'bad fan' } };

function ask(life: Life, sender: Sender = 'own', installs = true) {
  return refuseByState({ life, installs, sender, nowMs: NOW_MS, graceMs: GRACE_MS });
}

function withoutPurpose(life: Life): Life {
  const { purpose: _purpose, ...rest } = life;
  return rest;
}

describe('a config without protection, of a machine that has to be armed', () => {
  test.each<[string, Life, Sender?, boolean?]>([
    ['while it boots to be installed', lifeIn('booting')],
    ['while it is installed', lifeIn('installing')],
    ['through a router', lifeIn('booting'), 'unknown'],
    ['in the rescue system', lifeIn('rescue')],
    ['in a live system that it was armed for', lifeIn('live'), 'own', false],
    [
      'when it is fetched again after the live system began',
      { ...lifeIn('live'), sinceMs: NOW_MS - GRACE_MS },
    ],
  ])('is given %s', (_name, life, sender, installs) => {
    expect(ask(life, sender, installs)).toBeUndefined();
  });

  test.each<[string, Life, 403 | 503, string | undefined, Sender?]>([
    ["another machine's card", lifeIn('booting'), 403, 'foreign_sender', 'foreign'],
    ['a retired machine', lifeIn('retired'), 403, undefined],
    ['a machine that is held', { ...lifeIn('booting'), conditions: HELD }, 503, undefined],
    ['a machine that is not armed', lifeIn('ready'), 503, undefined],
    ['one that is armed and has not begun to boot', lifeIn('armed'), 503, undefined],
    ['one that is installed', lifeIn('installed'), 503, undefined],
    ['one that has failed', lifeIn('failed'), 503, undefined],
    ['one that boots what any machine may boot', withoutPurpose(lifeIn('booting')), 503, undefined],
    [
      'a live system that began long ago',
      { ...lifeIn('live'), sinceMs: NOW_MS - GRACE_MS - 1 },
      503,
      undefined,
    ],
    [
      'a boot whose arm has expired',
      { ...lifeIn('booting'), arm: { ...someArm(), expiresAtMs: NOW_MS } },
      503,
      undefined,
    ],
  ])('is refused to %s', (_name, life, status, alarm, sender) => {
    const refusal = ask(life, sender);
    expect([refusal?.status, refusal?.alarm]).toEqual([status, alarm]);
    expect(refusal?.reason).toContain('machine node1');
  });
});
