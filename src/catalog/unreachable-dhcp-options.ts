import type { Problem } from '../documents/problem.ts';
import { findNeverSelected } from '../provision/dhcp/client/never-selected.ts';
import type { Group } from '../provision/selection/group.ts';
import type { CatalogContent } from './catalog-content.ts';

/**
 * Groups with DHCP settings that no client ever gets: their selector requires a label that DHCP does not know, and no
 * machine's record has it either. HTTP may still select them.
 */
export function findUnreachableDhcpOptions({ groups, machines, places }: CatalogContent): Problem[] {
  const subjects = groups.flatMap(({ group }) => (hasDhcpSettings(group) ? [group] : []));
  return findNeverSelected(subjects, machines).flatMap(({ label, reason, subject }) => {
    const document = places.get(subject);
    if (document === undefined) return [];
    const message = `no DHCP client gets the dhcp_options of group ${subject.id}: ${reason}`;
    return [{ file: document.file, ...document.placeOf(['selector', label]), message }];
  });
}

function hasDhcpSettings({ dhcpOptions }: Group): boolean {
  return dhcpOptions.size > 0;
}
