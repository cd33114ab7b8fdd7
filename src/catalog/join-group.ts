import { type GroupLabels, labelsToJoin } from '../provision/selection/labels-to-join.ts';
import type { Labels } from '../provision/selection/labels.ts';
import { describeRequirement } from '../provision/selection/selector.ts';
import type { Generation } from './generation.ts';

/** The labels with which a group selects a machine that has `labels` already, or why it cannot select it. */
export function joinGroup(generation: Generation | undefined, id: string, labels: Labels): GroupLabels {
  const group = generation?.groups.find((one) => one.id === id);
  if (generation === undefined || group === undefined) return { problem: `there is no group ${id}` };
  const found = labelsToJoin(group.selector, labels);
  if ('requirement' in found) {
    const { label, requirement } = found;
    return { problem: `for group ${id}, its label ${label} must ${describeRequirement(requirement)}` };
  }
  const selection = generation.select(new Map([...labels, ...found]));
  if (selection.kind !== 'none' && selection.group.id !== id) {
    return { problem: `with the labels of group ${id}, group ${selection.group.id} would select it` };
  }
  return { labels: Object.fromEntries(found) };
}
