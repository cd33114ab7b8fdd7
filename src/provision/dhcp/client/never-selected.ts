import type { Machine } from '../../machines/machine.ts';
import { DHCP_LABELS, type Labels, labelsFor } from '../../selection/labels.ts';
import { describeRequirement, meetsAll, type Requirement, type Selector } from '../../selection/selector.ts';
import { CLOSED_LABELS } from './client-labels.ts';

/** A part of the settings or catalog that selects DHCP clients: a group with options, or a pool. */
export interface Selecting {
  readonly selector: Selector;
}

/** A selector that no DHCP client matches. */
export interface NeverSelected<T> {
  readonly subject: T;
  /** The label that is the cause, as the selector names it. */
  readonly label: string;
  /** The reason and what to do: two sentences, the first beginning with "its selector". */
  readonly reason: string;
}

/** Requirements that no DHCP packet can meet without a record. */
type Unmet = readonly (readonly [label: string, requirements: readonly Requirement[]])[];

interface Candidate<T> {
  readonly subject: T;
  readonly unmet: Unmet;
}

/** Labels that have one of a few values in DHCP, with these values. */
type ClosedLabels = ReadonlyMap<string, readonly string[]>;

const FROM_PACKETS: ReadonlySet<string> = new Set<string>(['mac', 'uuid', ...DHCP_LABELS]);

/**
 * Finds candidates that can select no client: a required label is neither one of DHCP's nor in the record of any
 * machine. `networks` are the ids of all networks, where they are known.
 */
export function findNeverSelected<T extends Selecting>(
  subjects: readonly T[],
  machines: readonly Machine[],
  networks?: readonly string[],
): NeverSelected<T>[] {
  const closed: ClosedLabels =
    networks === undefined ? CLOSED_LABELS : new Map([...CLOSED_LABELS, ['network', networks]]);
  const candidates = subjects.flatMap((subject): Candidate<T>[] => {
    const unmet = [...subject.selector].filter(([label, required]) => !packetMeets(label, required, closed));
    return unmet.length === 0 ? [] : [{ subject, unmet }];
  });
  return leftWithoutMachine(candidates, machines).flatMap(({ subject, unmet: [first] }) =>
    first === undefined ? [] : [{ subject, label: first[0], reason: describe(...first, closed) }],
  );
}

function packetMeets(label: string, requirements: readonly Requirement[], closed: ClosedLabels): boolean {
  if (meetsAll(requirements, undefined)) return true;
  if (!FROM_PACKETS.has(label)) return false;
  const values = closed.get(label);
  return values === undefined || values.some((value) => meetsAll(requirements, value));
}

/** The candidates for which there is no machine whose record meets the requirements that packets do not. */
function leftWithoutMachine<T>(
  candidates: readonly Candidate<T>[],
  machines: readonly Machine[],
): Candidate<T>[] {
  if (candidates.length === 0) return [];
  const left = new Set(candidates);
  // A candidate is compared only with machines that have one of the values that it requires.
  const byValue = new Map<string, Candidate<T>[]>();
  const anyValue: Candidate<T>[] = [];
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

function describe(label: string, requirements: readonly Requirement[], closed: ClosedLabels): string {
  const values = closed.get(label);
  if (values === undefined) {
    return (
      `its selector requires the label ${label}, which DHCP does not know and no machine record has (with this value). ` +
      `Select by what DHCP knows (mac, uuid, ${DHCP_LABELS.join(', ')}), or add ${label} to the labels of the machines' records`
    );
  }
  const wanted = requirements.map(describeRequirement).join(' and ');
  const number = label === 'arch' ? ', or by client_arch, the number in option 93' : '';
  return `its selector requires ${label} to ${wanted}, and in DHCP it is one of ${values.join(', ')}. Select by one of these values${number}`;
}
