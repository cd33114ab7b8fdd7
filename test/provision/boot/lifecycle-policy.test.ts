import { expect, test } from 'vitest';
import { lifecyclePolicyOf } from '../../../src/provision/boot/lifecycle-policy.ts';
import type { Profile } from '../../../src/provision/rendering/profile.ts';

const PROFILE: Profile = { id: 'p', ignition: [], generic: {}, lifecycle: 'live', metadata: {} };

test.each<[string, Partial<Profile>, { arm?: 'auto' }, object]>([
  ['a live profile boots any machine', {}, {}, { isProtected: false, unarmed: 'wait', onFailure: 'hold' }],
  [
    'an installer that is not armed gives way to the disk',
    { lifecycle: 'install' },
    {},
    { unarmed: 'local' },
  ],
  ['a profile can let it wait', { lifecycle: 'install', unarmed: 'wait' }, {}, { unarmed: 'wait' }],
  ['protected configs', { protect: 'session' }, {}, { isProtected: true, unarmed: 'wait' }],
  ['what follows a failure', { onFailure: 'rescue' }, {}, { onFailure: 'rescue' }],
  ['a group that arms', { lifecycle: 'install' }, { arm: 'auto' }, { armsAutomatically: true }],
])('%s', (_what, profile, group, expected) => {
  expect(lifecyclePolicyOf({ profile: { ...PROFILE, ...profile }, group })).toMatchObject(expected);
});

test('without a profile, a machine needs no arm', () => {
  expect(lifecyclePolicyOf(undefined)).toMatchObject({ lifecycle: 'live', isProtected: false });
});
