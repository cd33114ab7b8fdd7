import type { Problem } from '../documents/problem.ts';
import { findNeverSelected } from '../provision/dhcp/client/never-selected.ts';
import type { Group } from '../provision/selection/group.ts';
import type { CatalogContent } from './catalog-content.ts';

/**
 * Groups with DHCP settings that no client ever gets: their selector requires a label that DHCP does not know, and no
 * machine's record has it either. HTTP may still select them. `networks` are the ids of all networks, where they are known.
 */
export function findUnreachableDhcpOptions(
  { groups, machines, places }: CatalogContent,
  networks?: readonly string[],
): Problem[] {
  const subjects = groups.flatMap(({ group }) => (dhcpKeysOf(group).length > 0 ? [group] : []));
  return findNeverSelected(subjects, machines, networks).flatMap(({ label, reason, subject }) => {
    const document = places.get(subject);
    if (document === undefined) return [];
    const message = `no DHCP client gets the ${dhcpKeysOf(subject).join(' and ')} of group ${subject.id}: ${reason}`;
    return [{ file: document.file, ...document.placeOf(['selector', label]), message }];
  });
}

/** The keys of a group that only DHCP uses, of those that it has. */
function dhcpKeysOf({ bootPrograms, dhcpOptions, dhcpSending }: Group): string[] {
  return [
    ...(dhcpOptions.size > 0 ? ['dhcp_options'] : []),
    ...((dhcpSending?.force?.length ?? 0) > 0 ? ['dhcp_force'] : []),
    ...((dhcpSending?.suppress?.length ?? 0) > 0 ? ['dhcp_suppress'] : []),
    ...(bootPrograms === undefined ? [] : ['boot_programs']),
  ];
}
