import { isDeepStrictEqual } from 'node:util';
import type { Machine } from '../provision/machines/machine.ts';

/** How a set of machines differs from the one that a source declares. */
export interface SetDifference {
  readonly added: readonly Machine[];
  readonly changed: readonly { readonly before: Machine; readonly after: Machine }[];
  readonly removed: readonly Machine[];
  /** Number of machines that are in both, and equal. */
  readonly unchanged: number;
}

/** Compares the machines of a source with those that it is to have. `breathe` yields to the event loop now and then. */
export async function setDifference(
  declared: ReadonlyMap<string, Machine>,
  machines: readonly Machine[],
  breathe: () => Promise<void>,
): Promise<SetDifference> {
  const added: Machine[] = [];
  const changed: { before: Machine; after: Machine }[] = [];
  const named = new Set<string>();
  for (const after of machines) {
    named.add(after.id);
    const before = declared.get(after.id);
    if (before === undefined) added.push(after);
    else if (!isDeepStrictEqual(before, after)) changed.push({ before, after });
    await breathe();
  }
  const removed = [...declared.values()].filter(({ id }) => !named.has(id));
  return { added, changed, removed, unchanged: machines.length - added.length - changed.length };
}
