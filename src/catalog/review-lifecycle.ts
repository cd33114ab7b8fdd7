import type { YamlDocument } from '../documents/yaml-documents.ts';
import { needsArm } from '../provision/boot/decide-by-life.ts';
import { lifecyclePolicyOf } from '../provision/boot/lifecycle-policy.ts';
import { purposeProfileOf } from '../provision/boot/purpose-profile.ts';
import type { Profile } from '../provision/rendering/profile.ts';
import type { Group } from '../provision/selection/group.ts';
import type { Compilation } from './compilation.ts';
import type { CompiledGroups } from './compile-groups.ts';
import type { CompiledProfiles } from './compile-profiles.ts';

/** Warns of keys about arming and failures that have no effect, and reports other profiles that are missing. */
export function reviewLifecycle(
  compilation: Compilation,
  profiles: CompiledProfiles,
  groups: CompiledGroups,
): void {
  for (const [{ profile }, document] of profiles.places)
    reviewProfile(compilation, profiles, profile, document);
  for (const [group, document] of groups.places) {
    const profile = profiles.records.get(group.profile)?.profile;
    if (profile === undefined || group.arm === undefined || isArmed(profile, group)) continue;
    compilation.warn(document)(
      ['arm'],
      `arm: auto has no effect here, since profile ${profile.id} boots any machine at any time; it is for profiles with \`lifecycle: install\` or \`protect: session\``,
    );
  }
}

function reviewProfile(
  compilation: Compilation,
  { problems, records }: CompiledProfiles,
  profile: Profile,
  document: YamlDocument,
): void {
  const warn = compilation.warn(document);
  const exists = (id: string): boolean => records.has(id) || problems.has(id);
  for (const purpose of ['rescue', 'reset'] as const) {
    const named = profile[purpose];
    if (named === undefined || exists(named)) continue;
    const message = `there is no profile "${named}"`;
    // It may be added later, and the profile itself can be used.
    compilation.problems.push({ file: document.file, ...document.placeOf([purpose]), message });
  }
  const rescue = purposeProfileOf(profile, 'rescue') ?? '';
  if (profile.onFailure === 'rescue' && profile.rescue === undefined && !exists(rescue)) {
    warn(
      ['on_failure'],
      'a machine that has failed will wait, since there is no profile "rescue": write one, or name another one with `rescue: PROFILE`',
    );
  }
  if (isArmed(profile)) return;
  for (const [key, value] of [
    ['unarmed', profile.unarmed],
    ['on_failure', profile.onFailure],
  ] as const) {
    if (value === undefined) continue;
    const message = `${key} has no effect here, since this profile boots any machine at any time; it is for profiles with \`lifecycle: install\` or \`protect: session\``;
    warn([key], message);
  }
}

function isArmed(profile: Profile, group: Pick<Group, 'arm'> = {}): boolean {
  return needsArm(lifecyclePolicyOf({ profile, group }));
}
