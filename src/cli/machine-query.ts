import { existsSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import type { Generation } from '../catalog/generation.ts';
import type { Settings } from '../config/schema.ts';
import { SYSTEM_CLOCK } from '../app/clock.ts';
import { parseMac } from '../protocol/mac-address.ts';
import { MachineIndex, type MachineLookup } from '../provision/machines/machine-index.ts';
import { parseUuid } from '../protocol/machine-uuid.ts';
import { printableText } from '../provision/history/printable-text.ts';
import { labelsFromQuery } from '../provision/selection/labels.ts';
import { settingsOrReport } from './settings-or-report.ts';

/** The machine that a question is about, as the options of `explain` and `render` give it. */
export interface MachineQuery {
  readonly mac?: string;
  readonly uuid?: string;
  readonly serial?: string;
  readonly label: readonly (readonly [string, string])[];
  readonly dir?: string;
  readonly config?: string;
}

/** Adds the options of MachineQuery to a command. */
export function addMachineQuery(command: Command): Command {
  return command
    .option('--mac <mac>', 'MAC address, in any usual spelling', (text) => {
      if (parseMac(text) === undefined) throw new InvalidArgumentError('write it as 52:54:00:a1:9c:ae');
      return text;
    })
    .option('--uuid <uuid>', 'SMBIOS UUID', (text) => {
      if (parseUuid(text) === undefined)
        throw new InvalidArgumentError('write it as 16e7d8a7-bfa9-428b-9117-363341bb330b');
      return text;
    })
    .option('--serial <serial>', 'serial number of the board')
    .option('--label <key=value>', 'a label that the machine reports; may be repeated', collectLabel, [])
    .option('--config <file>', 'settings of the server; railhead.yaml in this directory if it is there')
    .option('--dir <dir>', 'the directory that holds profiles/, groups/ and machines/ (catalog.dir)');
}

/** The query string that the machine would send. */
export function toRawQuery(query: MachineQuery): string {
  const parameters = new URLSearchParams();
  if (query.uuid !== undefined) parameters.append('uuid', query.uuid);
  if (query.mac !== undefined) parameters.append('mac', query.mac);
  if (query.serial !== undefined) parameters.append('serial', query.serial);
  for (const [name, value] of query.label) parameters.append(name, value);
  return parameters.toString();
}

/** The labels of the question. */
export function toLabels(query: MachineQuery): Map<string, string> {
  return labelsFromQuery(new URLSearchParams(toRawQuery(query)));
}

/**
 * Whether the question contains anything that identifies a machine; otherwise reports wrong usage and what is missing.
 */
export function requireFacts(query: MachineQuery): boolean {
  if (toRawQuery(query) !== '') return true;
  process.stderr.write('say which machine is meant: with --mac, --uuid, --serial or --label\n');
  process.exitCode = 2;
  return false;
}

/** A catalog from files, and the machines that they declare. */
export interface QueriedCatalog {
  /** The settings of the server that uses this catalog. */
  readonly settings: Settings;
  /** Whether a settings file was read; without one the settings are defaults, or set in the environment. */
  readonly hasSettingsFile: boolean;
  readonly generation: Generation;
  readonly machines: MachineLookup;
}

/**
 * The catalog of the settings, or of `--dir`. Errors in profiles and groups of other machines do not matter here;
 * errors in the settings, or in reading the files at all, are printed, and undefined is returned.
 */
export async function loadOrReport({ config, dir }: MachineQuery): Promise<QueriedCatalog | undefined> {
  const settings = await settingsOrReport(
    config,
    dir === undefined ? [] : [`catalog.dir=${JSON.stringify(dir)}`],
  );
  if (settings === undefined) return undefined;
  const { DEFAULT_FILE } = await import('../config/load-settings.ts');
  const directory = settings.catalog.dir;
  const { loadFiles } = await import('../catalog/load-catalog.ts');
  const { formatProblem } = await import('../documents/problem.ts');
  const { generation, machines, problems } = await loadFiles(directory, SYSTEM_CLOCK.now);
  if (generation !== undefined) {
    const hasSettingsFile = config !== undefined || existsSync(DEFAULT_FILE);
    return { settings, hasSettingsFile, generation, machines: new MachineIndex(machines) };
  }
  for (const problem of problems) process.stderr.write(`${printableText(formatProblem(problem))}\n`);
  process.exitCode = 1;
  return undefined;
}

/** Collects the values of an option that takes `key=value` and may be repeated. */
export function collectLabel(
  text: string,
  previous: (readonly [string, string])[],
): (readonly [string, string])[] {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('write it as key=value');
  return [...previous, [name, value]];
}
