import type { Problem } from '../documents/problem.ts';
import { CLOSED_LABELS } from '../provision/dhcp/client/client-labels.ts';
import type { Machine } from '../provision/machines/machine.ts';
import type { Group } from '../provision/selection/group.ts';
import { DHCP_LABELS, type Labels, labelsFor } from '../provision/selection/labels.ts';
import { describeRequirement, meetsAll, type Requirement } from '../provision/selection/selector.ts';
import type { CatalogContent } from './catalog-content.ts';

/** Requirements that no DHCP packet meets by itself. */
type Unmet = readonly (readonly [label: string, requirements: readonly Requirement[]])[];

interface Candidate {
  readonly group: Group;
  readonly unmet: Unmet;
}

const FROM_PACKETS: ReadonlySet<string> = new Set<string>(['mac', 'uuid', ...DHCP_LABELS]);

/**
 * Groups with DHCP settings that no client ever gets: their selector requires a label that DHCP does not know, and no
 * machine's record has it either. HTTP may still select them.
 */
export function findUnreachableDhcpOptions({ groups, machines, places }: CatalogContent): Problem[] {
  const candidates = groups.flatMap(({ group }): Candidate[] => {
    if (!hasDhcpSettings(group)) return [];
    const unmet = [...group.selector].filter(([label, requirements]) => !packetMeets(label, requirements));
    return unmet.length === 0 ? [] : [{ group, unmet }];
  });
  return leftWithoutMachine(candidates, machines).flatMap(({ group, unmet }) => {
    const document = places.get(group);
    const [label = ''] = unmet[0] ?? [];
    if (document === undefined) return [];
    return [
      { file: document.file, ...document.placeOf(['selector', label]), message: describe(group, unmet) },
    ];
  });
}

function hasDhcpSettings({ dhcpOptions }: Group): boolean {
  return dhcpOptions.size > 0;
}

function packetMeets(label: string, requirements: readonly Requirement[]): boolean {
  if (meetsAll(requirements, undefined)) return true;
  if (!FROM_PACKETS.has(label)) return false;
  const values = CLOSED_LABELS.get(label);
  return values === undefined || values.some((value) => meetsAll(requirements, value));
}

/** Of the groups those for which there is no machine whose record meets what packets do not. */
function leftWithoutMachine(candidates: readonly Candidate[], machines: readonly Machine[]): Candidate[] {
  if (candidates.length === 0) return [];
  const left = new Set(candidates);
  // A group is looked at only for machines that have one of the values that it requires.
  const byValue = new Map<string, Candidate[]>();
  const anyValue: Candidate[] = [];
  for (const candidate of candidates) {
    const keys = exactValues(candidate.unmet);
    if (keys === undefined) anyValue.push(candidate);
    for (const key of keys ?? []) {
      const same = byValue.get(key);
      if (same === undefined) byValue.set(key, [candidate]);
      else same.push(candidate);
    }
  }
  for (const machine of machines) {
    if (left.size === 0) break;
    const labels = labelsFor(new Map(), { machine, card: 'listed', conflicts: [] });
    const near = [...labels].flatMap(([label, value]) => byValue.get(keyOf(label, value)) ?? []);
    for (const candidate of [...near, ...anyValue]) {
      if (left.has(candidate) && recordMeets(candidate.unmet, labels)) left.delete(candidate);
    }
  }
  return [...left];
}

function exactValues(unmet: Unmet): string[] | undefined {
  for (const [label, requirements] of unmet) {
    for (const requirement of requirements) {
      if (requirement.kind === 'in') return [...requirement.values].map((value) => keyOf(label, value));
    }
  }
  return undefined;
}

function keyOf(label: string, value: string): string {
  return `${label}\0${value}`;
}

function recordMeets(unmet: Unmet, labels: Labels): boolean {
  return unmet.every(([label, requirements]) => meetsAll(requirements, labels.get(label)));
}

function describe({ id }: Group, unmet: Unmet): string {
  const [first] = unmet;
  if (first === undefined) return '';
  const [label, requirements] = first;
  const values = CLOSED_LABELS.get(label);
  const wanted = requirements.map(describeRequirement).join(' and ');
  const why =
    values === undefined
      ? `its selector requires the label ${label}, which DHCP does not know and no machine record has (with this value)`
      : `its selector requires ${label} to be ${wanted}, and in DHCP it is one of ${values.join(', ')}`;
  const number = label === 'arch' ? ', or by client_arch, the number in option 93' : '';
  const advice =
    values === undefined
      ? `Select by what DHCP knows (mac, uuid, ${DHCP_LABELS.join(', ')}), add ${label} to the labels of the machines' records, or move the options to a group or network that DHCP selects`
      : `Select by one of these values${number}`;
  return `no DHCP client gets the dhcp_options of group ${id}: ${why}. ${advice}`;
}
