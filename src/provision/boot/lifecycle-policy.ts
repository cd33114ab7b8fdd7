import type { Profile } from '../rendering/profile.ts';
import type { Group } from '../selection/group.ts';
import type { LifecyclePolicy } from './decide-by-life.ts';

/** Boots any machine at any time, as a machine without a profile would need it: only being held or retired counts. */
const WITHOUT_PROFILE: LifecyclePolicy = {
  lifecycle: 'live',
  isProtected: false,
  armsAutomatically: false,
  unarmed: 'local',
  onFailure: 'hold',
};

/** What a machine's profile and group say about its lifecycle. */
export function lifecyclePolicyOf(
  match: { readonly profile: Profile; readonly group: Pick<Group, 'arm'> } | undefined,
): LifecyclePolicy {
  if (match === undefined) return WITHOUT_PROFILE;
  const { group, profile } = match;
  const { lifecycle, onFailure = 'hold', protect, unarmed } = profile;
  return {
    lifecycle,
    isProtected: protect === 'session',
    armsAutomatically: group.arm === 'auto',
    // A machine that runs in memory has nothing on its disk to boot.
    unarmed: unarmed ?? (lifecycle === 'install' ? 'local' : 'wait'),
    onFailure,
  };
}
