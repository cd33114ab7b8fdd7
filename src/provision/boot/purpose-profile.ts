import type { ArmPurpose } from '../machines/lifecycle/life.ts';
import type { Profile } from '../rendering/profile.ts';

/**
 * The id of the other profile that a machine with this profile boots for a purpose; undefined if it boots its own. It
 * is the one that the profile names, or the one that is called as the purpose.
 */
export function purposeProfileOf(
  profile: Pick<Profile, 'rescue' | 'reset'>,
  purpose: ArmPurpose | undefined,
): string | undefined {
  return purpose === 'rescue' || purpose === 'reset' ? (profile[purpose] ?? purpose) : undefined;
}
