import { type LifecyclePolicy, needsArm } from './decide-by-life.ts';

/**
 * The rules by which the life of a machine decides, in sentences; none for a profile that any machine may boot at any
 * time. `rescue`: the profile that it boots to be repaired, if there is one.
 */
export function describePolicy(policy: LifecyclePolicy, rescue: string | undefined): string[] {
  if (!needsArm(policy)) return [];
  const { armsAutomatically, isProtected, lifecycle, onFailure, unarmed } = policy;
  const why = [
    ...(lifecycle === 'install' ? ['lifecycle: install'] : []),
    ...(isProtected ? ['protect: session'] : []),
  ].join(', ');
  return [
    `boots this profile only if it is armed (${why})`,
    ...(armsAutomatically ? ['is armed once by its group if it was never installed (arm: auto)'] : []),
    unarmed === 'local'
      ? 'boots from its own disk if it is not armed (unarmed: local)'
      : 'waits if it is not armed (unarmed: wait)',
    ...(lifecycle === 'install' ? ['boots from its own disk once it is installed'] : []),
    {
      hold: 'waits after an installation that failed (on_failure: hold)',
      local: 'boots from its own disk after an installation that failed (on_failure: local)',
      rescue:
        rescue === undefined
          ? 'waits after an installation that failed, since there is no profile for `on_failure: rescue`'
          : `boots profile ${rescue} after an installation that failed (on_failure: rescue)`,
    }[onFailure],
  ];
}
