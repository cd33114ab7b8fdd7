import type { Group } from './group.ts';
import type { Labels } from './labels.ts';
import {
  canonicalSelector,
  describeRequirement,
  type FailedRequirement,
  findFailedRequirement,
  type Requirement,
} from './selector.ts';

/** Why a group was not chosen. */
export type Passed =
  | {
      readonly group: Group;
      readonly kind: 'failed';
      readonly failed: FailedRequirement;
      readonly reason: string;
    }
  | { readonly group: Group; readonly kind: 'outranked'; readonly reason: string };

/** The choice for some labels, and the reason against every other group. */
export interface SelectionExplanation {
  readonly chosen?: Group;
  readonly others: readonly Passed[];
}

/** A group, and the label by whose values it is found; absent for one that requires no exact value. */
export interface FiledGroup {
  readonly group: Group;
  readonly filedUnder?: string;
}

interface RankedGroup {
  readonly group: Group;
  /** Place in the order of precedence; 0 wins over all. */
  readonly rank: number;
}

/**
 * Puts groups into their order of precedence: higher `priority`, then more selector keys, then the greater selector as
 * a string. Each is filed under the label of the rarest exact value that it requires.
 */
export function fileGroups(groups: readonly Group[]): FiledGroup[] {
  const frequencies = countExactValues(groups);
  return groups
    .map((group) => ({ group, canonical: canonicalSelector(group.selector) }))
    .sort((a, b) => comparePrecedence(a, b))
    .map(({ group }) => {
      const filedUnder = rarestLabel(group, frequencies);
      return { group, ...(filedUnder !== undefined && { filedUnder }) };
    });
}

/** Sets of groups that select the same machines with the same priority, so that only their ids differ. */
export function findEqualSelectors(groups: readonly Group[]): Group[][] {
  const byMeaning = new Map<string, Group[]>();
  for (const group of groups) {
    const key = `${group.priority} ${canonicalSelector(group.selector)}`;
    const same = byMeaning.get(key);
    if (same === undefined) byMeaning.set(key, [group]);
    else same.push(group);
  }
  return [...byMeaning.values()].filter((same) => same.length > 1);
}

/**
 * Groups in their order of precedence, found by exact labels, so that a look-up touches only groups that share a rare
 * value with the machine, and those without any exact requirement.
 */
export class GroupIndex {
  readonly #ranked: RankedGroup[] = [];
  readonly #byLabel = new Map<string, Map<string, RankedGroup[]>>();
  readonly #unfiled: RankedGroup[] = [];
  readonly #labels = new Set<string>();

  constructor(groups: readonly Group[] = []) {
    for (const filed of fileGroups(groups)) this.add(filed);
  }

  /** Adds a group. Groups must be added in the order that `fileGroups` returned. */
  add({ filedUnder, group }: FiledGroup): void {
    const entry = { group, rank: this.#ranked.length };
    this.#ranked.push(entry);
    for (const label of group.selector.keys()) this.#labels.add(label);
    if (filedUnder === undefined) {
      this.#unfiled.push(entry);
      return;
    }
    const byValue = getOrSet(this.#byLabel, filedUnder, () => new Map<string, RankedGroup[]>());
    for (const value of leastValues(group.selector.get(filedUnder)))
      getOrSet(byValue, value, () => []).push(entry);
  }

  /** The labels that any selector asks for. */
  get labels(): ReadonlySet<string> {
    return this.#labels;
  }

  /** All groups, in their order of precedence. */
  get groups(): readonly Group[] {
    return this.#ranked.map(({ group }) => group);
  }

  /** The group for these labels; undefined when none selects them. */
  select(labels: Labels): Group | undefined {
    let best = firstMatch(this.#unfiled, labels, undefined);
    for (const [label, byValue] of this.#byLabel) {
      const value = labels.get(label);
      const bucket = value === undefined ? undefined : byValue.get(value);
      if (bucket !== undefined) best = firstMatch(bucket, labels, best);
    }
    return best?.group;
  }

  /** The same choice, with the reason against every other group, in order of precedence. */
  explain(labels: Labels): SelectionExplanation {
    let chosen: RankedGroup | undefined;
    const others: Passed[] = [];
    for (const entry of this.#ranked) {
      const { group } = entry;
      const failed = findFailedRequirement(group.selector, labels);
      if (failed !== undefined) {
        others.push({ group, kind: 'failed', failed, reason: describeFailure(failed) });
      } else if (chosen === undefined) {
        chosen = entry;
      } else {
        others.push({ group, kind: 'outranked', reason: describeOutranked(chosen, entry) });
      }
    }
    return { ...(chosen !== undefined && { chosen: chosen.group }), others };
  }
}

/** The label of the exact value that the fewest groups require, of those that this one requires. */
function rarestLabel({ selector }: Group, frequencies: ReadonlyMap<string, number>): string | undefined {
  let rarest: { readonly label: string; readonly count: number } | undefined;
  for (const [label, requirements] of selector) {
    const values = leastValues(requirements);
    if (values.size === 0) continue;
    let count = values.size;
    for (const value of values) count = Math.max(count, frequencies.get(frequencyKey(label, value)) ?? 0);
    if (rarest === undefined || count < rarest.count) rarest = { label, count };
  }
  return rarest?.label;
}

/** Of the sets of exact values that a label must be in, the smallest; empty if there is none. */
function leastValues(requirements: readonly Requirement[] = []): ReadonlySet<string> {
  let least: ReadonlySet<string> | undefined;
  for (const requirement of requirements) {
    if (requirement.kind === 'in' && (least === undefined || requirement.values.size < least.size))
      least = requirement.values;
  }
  return least ?? new Set();
}

/** Lists are in order of rank, so the first match is the best one, and a worse rank than `best` ends the search. */
function firstMatch(
  ranked: readonly RankedGroup[],
  labels: Labels,
  best: RankedGroup | undefined,
): RankedGroup | undefined {
  for (const entry of ranked) {
    if (best !== undefined && entry.rank > best.rank) return best;
    if (findFailedRequirement(entry.group.selector, labels) === undefined) return entry;
  }
  return best;
}

function comparePrecedence(
  a: { readonly group: Group; readonly canonical: string },
  b: { readonly group: Group; readonly canonical: string },
): number {
  return (
    b.group.priority - a.group.priority ||
    b.group.selector.size - a.group.selector.size ||
    compareText(b.canonical, a.canonical) ||
    compareText(a.group.id, b.group.id)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function countExactValues(groups: readonly Group[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { selector } of groups) {
    for (const [label, requirements] of selector) {
      for (const value of requirements.flatMap(exactValues)) {
        const key = frequencyKey(label, value);
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    }
  }
  return counts;
}

function exactValues(requirement: Requirement): string[] {
  return requirement.kind === 'in' ? [...requirement.values] : [];
}

function frequencyKey(label: string, value: string): string {
  return `${label}\0${value}`;
}

function getOrSet<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

function describeFailure({ label, requirement, actual }: FailedRequirement): string {
  const is = actual === undefined ? 'the machine has no such label' : `it is ${actual}`;
  return `${label} must ${describeRequirement(requirement)}, and ${is}`;
}

function describeOutranked(winner: RankedGroup, loser: RankedGroup): string {
  const { group: a } = winner;
  const { group: b } = loser;
  if (a.priority !== b.priority) return `matches, but ${a.id} has priority ${a.priority} over ${b.priority}`;
  if (a.selector.size !== b.selector.size) {
    return `matches, but ${a.id} requires ${a.selector.size} labels and this one ${b.selector.size}`;
  }
  return `matches, but ${a.id} comes first by its selector: ${canonicalSelector(a.selector)} is greater than ${canonicalSelector(b.selector)}`;
}
