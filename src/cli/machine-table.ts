import { printableText } from '../provision/history/printable-text.ts';
import type { MachineLifeView, MachineShownView } from '../api/schemas/machine.ts';
import { historyLines } from './machine-history-text.ts';
import { textTable } from './text-table.ts';

/** Machines as a table for people, one line each. */
export function machineTable(machines: readonly MachineLifeView[]): string {
  const rows = machines.map((machine) => [
    machine.id,
    stateText(machine),
    machine.macs[0] ?? '-',
    machine.address ?? '-',
    machine.group ?? '-',
    machine.conditions.map(({ type }) => type).join(',') || '-',
  ]);
  return textTable(['ID', 'STATE', 'MAC', 'ADDRESS', 'GROUP', 'CONDITIONS'], rows);
}

/** The state with what belongs to it: `armed for install`. */
export function stateText({ arm, state }: MachineLifeView): string {
  return arm === undefined || state === 'installing' ? state : `${state} for ${arm.purpose}`;
}

/** Until when an arm is open, and how often an installation may still begin. */
export function armText({
  attempts_left: left,
  expires_at: until,
  purpose,
}: NonNullable<MachineLifeView['arm']>): string {
  if (purpose === 'live' || purpose === 'rescue') return `until ${until}`;
  return `until ${until}, ${left === 1 ? '1 attempt left' : `${left} attempts left`}`;
}

/** One machine in full. */
export function machineText(machine: MachineShownView): string {
  const { actions, arm, conditions, failure, installation, labels, session } = machine;
  const lines: [string, string | undefined][] = [
    ['machine', machine.id],
    ['state', `${stateText(machine)}${machine.since === undefined ? '' : ` since ${machine.since}`}`],
    ['arm', arm && `${armText(arm)}, by ${arm.by}${quoted(arm.reason)}`],
    ...conditions.map(({ message, since, type }): [string, string] => [
      'condition',
      `${type} since ${since}: ${message}`,
    ]),
    ['failure', failure && `${failure.message}${failure.permanent ? ' (permanent)' : ''}`],
    [
      'installed',
      installation && [installation.at, installation.release, installation.disk].filter(Boolean).join(', '),
    ],
    [
      'session',
      session && `${session.id}, ${session.purpose}, from ${session.address} at ${session.started_at}`,
    ],
    ['cards', machine.macs.join(', ') || undefined],
    ['uuid', machine.uuid],
    ['serial', machine.serial],
    ['board', [machine.manufacturer, machine.product].filter(Boolean).join(' ') || undefined],
    ['hostname', machine.hostname],
    ['address', machine.address],
    [
      'labels',
      Object.entries(labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(' ') || undefined,
    ],
    ['sources', machine.sources.join(', ') || 'none: it was only discovered'],
    [
      'profile',
      machine.profile === undefined ? undefined : `${machine.profile}, by group ${machine.group ?? ''}`,
    ],
    ['local boot', machine.local_boot],
    ['problem', machine.problem],
    ['seen', machine.last_seen_at],
    [
      'possible',
      Object.keys(actions)
        .filter((name) => actions[name]?.allowed === true)
        .join(', ') || 'nothing',
    ],
    ...historyLines(machine),
  ];
  return lines
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name.padEnd(10)} ${printableText(value)}\n`]))
    .join('');
}

function quoted(reason: string): string {
  return reason === '' ? '' : `: ${reason}`;
}
