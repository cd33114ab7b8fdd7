import type { Labels } from './labels.ts';
import { type FailedRequirement, findFailedRequirement, type Selector } from './selector.ts';

/** The labels that a machine gets so that a group selects it, or why there are none. */
export type GroupLabels =
  { readonly labels: Readonly<Record<string, string>> } | { readonly problem: string };

/**
 * The labels that a machine lacks so that a selector accepts it, where the selector leaves no choice; or the first
 * requirement that needs a decision, since it permits several values or another label contradicts it.
 */
export function labelsToJoin(
  selector: Selector,
  labels: Labels,
): ReadonlyMap<string, string> | FailedRequirement {
  const added = new Map<string, string>();
  for (const [label, requirements] of selector) {
    if (labels.has(label)) continue;
    for (const requirement of requirements) {
      const [value, ...others] = requirement.kind === 'in' ? requirement.values : [];
      if (value !== undefined && others.length === 0) added.set(label, value);
    }
  }
  return findFailedRequirement(selector, new Map([...labels, ...added])) ?? added;
}
