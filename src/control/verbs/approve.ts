import type { DiscoveredMachine } from '../../store/discovered-machine-store.ts';
import type { Machine } from '../../provision/machines/machine.ts';
import type { GroupLabels } from '../../provision/selection/labels-to-join.ts';
import type { MachineSubject } from '../machine-subject.ts';
import { defineVerb } from '../verb.ts';

/** Makes a discovered machine one of ours, with labels by which groups select it. */
export const approve = defineVerb('approve', {
  eventKind: 'approve',
  refuse: (subject, parameters) => {
    if (subject.discovered === undefined) return 'it was not discovered: it has not asked for anything yet';
    const found = parameters && labelsFor(subject, parameters);
    return found !== undefined && 'problem' in found ? found.problem : undefined;
  },
  effect: (subject, { parameters: { group, hostname, labels } }) => ({
    event: { kind: 'approve' },
    record: {
      ...recordOf(subject),
      ...labelsFor(subject, { group, labels }),
      ...(hostname !== undefined && { hostname }),
    },
  }),
  detail: ({ group, labels }) => ({ labels, ...(group !== undefined && { group }) }),
});

/** The labels that the call gives, with those that its group needs. */
function labelsFor(
  { joinGroup }: MachineSubject,
  {
    group,
    labels,
  }: { readonly group?: string | undefined; readonly labels: Readonly<Record<string, string>> },
): GroupLabels {
  const joined = group === undefined ? { labels: {} } : joinGroup?.(group, labels);
  if (joined === undefined) return { problem: 'it has a record, which says what selects it' };
  return 'problem' in joined ? joined : { labels: { ...joined.labels, ...labels } };
}

/** The record of a discovered machine. It is recognised by its network card. */
function recordOf({ discovered, id }: MachineSubject): Machine {
  const { mac, serial, uuid } = discovered as DiscoveredMachine;
  return {
    id,
    macs: [mac],
    ...(uuid !== undefined && { uuid }),
    ...(serial !== undefined && { serial }),
    labels: {},
    metadata: {},
  };
}
