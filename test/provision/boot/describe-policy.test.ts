import { expect, test } from 'vitest';
import type { LifecyclePolicy } from '../../../src/provision/boot/decide-by-life.ts';
import { describePolicy } from '../../../src/provision/boot/describe-policy.ts';

const INSTALL: LifecyclePolicy = {
  lifecycle: 'install',
  isProtected: false,
  armsAutomatically: false,
  unarmed: 'local',
  onFailure: 'hold',
};

test.each<[string, Partial<LifecyclePolicy>, string | undefined, string[]]>([
  ['a profile that needs no arm has no rules', { lifecycle: 'live' }, undefined, []],
  [
    'an installer',
    {},
    undefined,
    [
      'boots this profile only if it is armed (lifecycle: install)',
      'boots from its own disk if it is not armed (unarmed: local)',
      'boots from its own disk once it is installed',
      'waits after an installation that failed (on_failure: hold)',
    ],
  ],
  [
    'a group that arms, and a rescue system',
    { armsAutomatically: true, isProtected: true, onFailure: 'rescue', unarmed: 'wait' },
    'repair',
    [
      'boots this profile only if it is armed (lifecycle: install, protect: session)',
      'is armed once by its group if it was never installed (arm: auto)',
      'waits if it is not armed (unarmed: wait)',
      'boots from its own disk once it is installed',
      'boots profile repair after an installation that failed (on_failure: rescue)',
    ],
  ],
  [
    'protected configs, and no rescue system',
    { lifecycle: 'live', isProtected: true, onFailure: 'rescue', unarmed: 'wait' },
    undefined,
    [
      'boots this profile only if it is armed (protect: session)',
      'waits if it is not armed (unarmed: wait)',
      'waits after an installation that failed, since there is no profile for `on_failure: rescue`',
    ],
  ],
])('%s', (_name, policy, rescue, sentences) => {
  expect(describePolicy({ ...INSTALL, ...policy }, rescue)).toEqual(sentences);
});
