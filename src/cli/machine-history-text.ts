import type { MachineHistoryView } from '../api/schemas/machine.ts';
import type { JsonValue } from '../provision/json-value.ts';
import type { FactChange } from '../provision/machines/reports/facts-changes.ts';

/** The last lines of the log of a failure; `--json` has all. */
const LOG_LINES_MAX = 20;
const GIB = 2 ** 30;

/** What a machine has told of itself, as names and values for people. */
export function historyLines({ hardware, reports }: MachineHistoryView): [string, string][] {
  const [latest] = reports;
  return [
    ...(hardware === undefined ? [] : hardwareLines(hardware)),
    ...reports.map(({ at, message, phase, status }): [string, string] => [
      'report',
      `${at} ${[status, phase].filter(Boolean).join(' ')}: ${message}`,
    ]),
    ...(latest?.status === 'failed' ? latest.log.slice(-LOG_LINES_MAX) : []).map((line): [string, string] => [
      'log',
      line,
    ]),
  ];
}

function hardwareLines({
  changes,
  facts,
  reported_at: reportedAt,
}: NonNullable<MachineHistoryView['hardware']>): [string, string][] {
  return [
    ['hardware', `${hardwareText(facts)}; reported at ${reportedAt}`],
    ...(facts.disks ?? []).map((disk): [string, string] => [
      'disk',
      joined([disk.name, sizeText(disk.size_bytes), disk.model, named('serial', disk.serial)]),
    ]),
    ...(facts.nics ?? []).map((nic): [string, string] => [
      'card',
      joined([nic.name, nic.mac, nic.link === false ? 'no link' : speedText(nic.speed_mbps)]),
    ]),
    ...changes.flatMap(({ at, changes: fields }) =>
      fields.map((change): [string, string] => ['changed', `${at} ${changeText(change)}`]),
    ),
  ];
}

function hardwareText({
  bmc,
  cpu,
  memory_bytes: memory,
  system,
}: NonNullable<MachineHistoryView['hardware']>['facts']): string {
  return (
    joined([
      joined([system?.vendor, system?.product], ' '),
      cpu?.count === undefined ? undefined : `${cpu.count} CPUs`,
      cpu?.model,
      memory === undefined ? undefined : `${(memory / GIB).toFixed(0)} GiB of memory`,
      named('BMC', bmc?.address),
    ]) || 'nothing about processors and memory'
  );
}

function changeText({ after, before, field }: FactChange): string {
  if (after === undefined) return `${field} is gone`;
  if (before === undefined) return `${field} is new`;
  return `${field}: ${valueText(before)}, now ${valueText(after)}`;
}

function valueText(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function joined(parts: readonly (string | undefined)[], by = ', '): string {
  return parts.filter((part) => part !== undefined && part !== '').join(by);
}

function named(name: string, value: string | undefined): string | undefined {
  return value === undefined ? undefined : `${name} ${value}`;
}

function sizeText(bytes: number | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  const gigabytes = bytes / 1e9;
  return gigabytes >= 10 ? `${Math.round(gigabytes)} GB` : `${gigabytes.toFixed(1)} GB`;
}

function speedText(mbps: number | undefined): string | undefined {
  return mbps === undefined ? undefined : `${mbps} Mbit/s`;
}
