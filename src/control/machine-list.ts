import type { PagePosition } from '../api/list-form.ts';
import type { MachineFilter } from '../api/schemas/machine-filter.ts';
import { asksForProfile, fitsProfile, fitsRecord } from './machine-filter.ts';
import type { ListedMachine, MachineSubject } from './machine-subject.ts';

/** By what machines can be sorted. */
export const MACHINE_SORT_KEYS = ['id', 'state', 'hostname', 'since'] as const;
export type MachineSortKey = (typeof MACHINE_SORT_KEYS)[number];

/** Which page of which list. */
export interface MachinePageQuery {
  readonly filter: MachineFilter;
  readonly sort: MachineSortKey | `-${MachineSortKey}`;
  readonly after?: PagePosition;
  readonly limit: number;
}

/** What lists of machines depend on. */
export interface MachineListParts {
  /** All machines in the order of their ids, from the first whose id follows `after`. */
  readonly listed: (after?: string) => Promise<Iterable<ListedMachine>>;
  readonly subjectOf: (listed: ListedMachine) => MachineSubject;
  /** Yields to the event loop. */
  readonly pause: () => Promise<unknown>;
}

export interface MachinePage {
  readonly subjects: readonly MachineSubject[];
  /** Where the next page begins; absent at the end of the list. */
  readonly next?: PagePosition;
}

/** Machines that are looked at before the event loop gets its turn; a few milliseconds. */
const AT_ONCE = 2_000;

interface Ranked {
  readonly listed: ListedMachine;
  readonly key: string | number;
}

/**
 * One page of the machines that fit a filter. A list by id ends its search with the page; any other order looks at every
 * machine, and keeps no more of them than a few pages.
 */
export async function pageOfMachines(
  parts: MachineListParts,
  { after, filter, limit, sort }: MachinePageQuery,
): Promise<MachinePage> {
  const descending = sort.startsWith('-');
  const by = (descending ? sort.slice(1) : sort) as MachineSortKey;
  const from = by === 'id' && !descending ? after?.id : undefined;
  const compare = comparison(descending);
  const isNext = (one: Ranked): boolean =>
    after === undefined || compare(one.key, one.listed.id, after.key, after.id) > 0;
  let found: Ranked[] = [];
  let looked = 0;
  for (const listed of await parts.listed(from)) {
    if (++looked % AT_ONCE === 0) await parts.pause();
    if (!fitsRecord(listed, filter)) continue;
    if (asksForProfile(filter) && !fitsProfile(parts.subjectOf(listed), filter)) continue;
    const ranked = { listed, key: keyOf(listed, by) };
    if (!isNext(ranked)) continue;
    found.push(ranked);
    if (by === 'id' && !descending) {
      if (found.length > limit) break;
    } else if (found.length >= 4 * (limit + 1)) {
      found = firstOf(found, compare, limit + 1);
    }
  }
  const first = firstOf(found, compare, limit + 1);
  const page = first.slice(0, limit);
  const last = page.at(-1);
  return {
    subjects: page.map(({ listed }) => parts.subjectOf(listed)),
    ...(first.length > limit && last !== undefined && { next: { sort, key: last.key, id: last.listed.id } }),
  };
}

type Compare = (aKey: string | number, aId: string, bKey: string | number, bId: string) => number;

/** The id decides between equal keys, always from the first to the last. */
function comparison(descending: boolean): Compare {
  const sign = descending ? -1 : 1;
  return (aKey, aId, bKey, bId) => {
    if (aKey !== bKey) return aKey < bKey ? -sign : sign;
    return aId === bId ? 0 : aId < bId ? -1 : 1;
  };
}

function firstOf(found: Ranked[], compare: Compare, count: number): Ranked[] {
  return found.sort((a, b) => compare(a.key, a.listed.id, b.key, b.listed.id)).slice(0, count);
}

function keyOf({ id, life, machine }: ListedMachine, by: MachineSortKey): string | number {
  switch (by) {
    case 'id':
      return id;
    case 'state':
      return life.state;
    case 'hostname':
      return machine?.hostname ?? '';
    case 'since':
      return life.sinceMs;
  }
}
