import { z } from 'zod';
import type { DiscoveredMachine } from '../../store/discovered-machine-store.ts';
import type { Machine } from '../../provision/machines/machine.ts';
import type { MachineSubject } from '../machine-subject.ts';
import { defineVerb } from '../verb.ts';

const LABELS_MAX = 64;

/** Makes a discovered machine one of ours, with labels by which groups select it. */
export const approve = defineVerb({
  name: 'approve',
  summary: 'make a discovered machine one of ours, with labels by which groups select it',
  permission: 'machines:manage',
  parameters: z.strictObject({
    labels: z
      .record(z.string().min(1).max(128), z.string().max(1024))
      .refine((labels) => Object.keys(labels).length <= LABELS_MAX, `at most ${LABELS_MAX} labels`)
      .default({}),
    hostname: z.string().min(1).max(253).optional(),
  }),
  eventKind: 'approve',
  refuse: ({ discovered }) =>
    discovered === undefined ? 'it was not discovered: it has not asked for anything yet' : undefined,
  effect: (subject, { parameters: { hostname, labels } }) => ({
    event: { kind: 'approve' },
    record: {
      ...recordOf(subject),
      labels,
      ...(hostname !== undefined && { hostname }),
    },
  }),
  detail: ({ labels }) => ({ labels }),
});

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
