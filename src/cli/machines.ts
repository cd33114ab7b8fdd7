import path from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { MachineDetailView, MachineLifeView, MachineShownView } from '../api/schemas/machine.ts';
import { PAGE_MAX } from '../api/list-form.ts';
import { verbAddress } from '../api/routes/machine-verbs.ts';
import { VERB_TABLE, type VerbName } from '../api/schemas/verbs.ts';
import { printableJson, printableText } from '../provision/history/printable-text.ts';
import { ARM_PURPOSES, LIFE_STATES } from '../provision/machines/lifecycle/life.ts';
import { type ControlAnswer, askServer } from './control-client.ts';
import { collectLabel } from './machine-query.ts';
import { settingsOrReport } from './settings-or-report.ts';
import { armText, machineTable, machineText, stateText } from './machine-table.ts';

interface PlaceOptions {
  readonly socket?: string;
  readonly config?: string;
}

type ListOptions = PlaceOptions & { readonly state?: string; readonly json?: boolean };
type VerbOptions = PlaceOptions & {
  readonly reason?: string;
  readonly json?: boolean;
  readonly purpose?: string;
  /** Minutes. */
  readonly ttl?: number;
  readonly attempts?: number;
  readonly confirm?: string;
  readonly label?: readonly (readonly [string, string])[];
  readonly group?: string;
  readonly hostname?: string;
};

const MACHINES = '/api/v1/machines';
const ARMING = new Set(['arm', 'reinstall', 'reset', 'rescue']);
const MINUTES = new Map([
  ['m', 1],
  ['h', 60],
  ['d', 24 * 60],
]);

/** `railhead machines ...`: lists machines of the running server on this host, and changes them. */
export function registerMachines(program: Command): void {
  const machines = program
    .command('machines')
    .description(
      'list the machines of the running server on this host, and approve, arm, hold or retire them',
    );
  withPlace(machines.command('list').description('list all machines, declared and discovered'))
    .addOption(new Option('--state <state>', 'only machines in this state').choices(LIFE_STATES))
    .option('--json', 'print JSON')
    .action(list);
  withPlace(machines.command('show').description('show one machine, and what can be done to it'))
    .argument('<id>', 'id of the machine, or its MAC address')
    .option('--json', 'print JSON')
    .action(show);
  for (const [name, { summary }] of Object.entries(VERB_TABLE)) registerVerb(machines, name, summary);
  registerVerb(machines, 'delete', 'delete all that is kept about a machine that no file declares');
}

function registerVerb(machines: Command, name: string, summary: string): void {
  const command = withPlace(machines.command(name).description(summary))
    .argument('<id...>', 'ids of the machines, or their MAC addresses')
    .option('--reason <text>', 'why, for the audit')
    .option('--json', 'print the machine as JSON')
    .action((ids: string[], options: VerbOptions) => carryOut(name, ids, options));
  if (name === 'arm') {
    const purpose = new Option(
      '--purpose <purpose>',
      "what for; without it, what the machine's profile is for",
    );
    command.addOption(purpose.choices(ARM_PURPOSES));
  }
  if (ARMING.has(name)) {
    command
      .option(
        '--ttl <time>',
        'how long it may take until the machine begins to boot, as 30m, 12h or 2d; without it, lifecycle.arm_minutes',
        readMinutes,
      )
      .option('--attempts <number>', 'how often an installation may begin; without it, once', readNumber);
  }
  if (name === 'reinstall') {
    command.requiredOption(
      '--confirm <id>',
      'the id of the machine once more, since all on its disk is lost',
    );
  }
  if (name === 'approve') {
    command
      .option('--label <key=value>', 'a label for groups to select by; may be repeated', collectLabel, [])
      .option('--group <id>', 'the group that is to select it: it gets the labels that the selector names')
      .option('--hostname <name>', 'the host name');
  }
}

function withPlace(command: Command): Command {
  return command
    .option('--socket <path>', "the server's socket (default: operator.socket)")
    .option('--config <file>', 'settings of the server; railhead.yaml in this directory if it is there');
}

async function list(options: ListOptions): Promise<void> {
  const wanted: MachineLifeView[] = [];
  const state = options.state === undefined ? '' : `&state=${options.state}`;
  for (let cursor: string | null = ''; cursor !== null;) {
    const from: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const answer = await ask(options, 'GET', `${MACHINES}?limit=${PAGE_MAX}${state}${from}`);
    if (answer === undefined || !isDone(answer, '')) return;
    const page = answer.body as { items: readonly MachineLifeView[]; next_cursor: string | null };
    wanted.push(...page.items);
    cursor = page.next_cursor;
  }
  process.stdout.write(options.json === true ? `${printableJson(wanted)}\n` : machineTable(wanted));
}

async function show(id: string, options: PlaceOptions & { readonly json?: boolean }): Promise<void> {
  const answer = await ask(options, 'GET', `${MACHINES}/${encodeURIComponent(id)}`);
  if (answer === undefined || !isDone(answer, '')) return;
  const machine = answer.body as MachineShownView;
  process.stdout.write(options.json === true ? `${printableJson(machine)}\n` : machineText(machine));
}

function askVerb(options: VerbOptions, verb: VerbName, id: string): Promise<ControlAnswer | undefined> {
  const { method, path: where } = verbAddress(verb);
  return ask(options, method, `/api/v1${where.replace('{id}', encodeURIComponent(id))}`, inputOf(options));
}

async function carryOut(verb: string, ids: readonly string[], options: VerbOptions): Promise<void> {
  for (const id of ids) {
    const place = `${MACHINES}/${encodeURIComponent(id)}`;
    const answer =
      verb === 'delete'
        ? await ask(options, 'DELETE', `${place}?reason=${encodeURIComponent(options.reason ?? '')}`)
        : await askVerb(options, verb as VerbName, id);
    if (answer === undefined) return;
    if (!isDone(answer, `${id}: `)) continue;
    if (answer.body === undefined) process.stdout.write(`${printableText(id)}: deleted\n`);
    else printResult(answer.body as MachineDetailView, options.json === true);
  }
}

function printResult(machine: MachineDetailView, json: boolean): void {
  if (json) {
    process.stdout.write(`${printableJson(machine)}\n`);
    return;
  }
  const { arm, conditions, id } = machine;
  const window = arm === undefined ? '' : `, ${armText(arm)}`;
  const held = conditions.length === 0 ? '' : ` (${conditions.map(({ type }) => type).join(', ')})`;
  process.stdout.write(`${printableText(`${id}: ${stateText(machine)}${window}${held}`)}\n`);
}

function inputOf({
  attempts,
  confirm,
  group,
  hostname,
  label = [],
  purpose,
  reason,
  ttl,
}: VerbOptions): object {
  return {
    ...(reason !== undefined && { reason }),
    ...(purpose !== undefined && { purpose }),
    ...(ttl !== undefined && { ttl_minutes: ttl }),
    ...(attempts !== undefined && { attempts }),
    ...(confirm !== undefined && { confirm }),
    ...(label.length > 0 && { labels: Object.fromEntries(label) }),
    ...(group !== undefined && { group }),
    ...(hostname !== undefined && { hostname }),
  };
}

/** The server's answer; undefined if it cannot be reached, which is then reported. */
async function ask(
  options: PlaceOptions,
  method: string,
  where: string,
  input?: object,
): Promise<ControlAnswer | undefined> {
  const socket = options.socket ?? (await socketOf(options));
  if (socket === undefined) return undefined;
  try {
    return await askServer(socket, method, where, input);
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error), 1);
    return undefined;
  }
}

/** Whether the server did what it was asked for; otherwise its reason is reported. */
function isDone({ body, status }: ControlAnswer, subject: string): boolean {
  if (status < 400) return true;
  const { allowed, detail, title } = body as { title?: string; detail?: string; allowed?: readonly string[] };
  const possible = allowed === undefined ? '' : `; possible now: ${allowed.join(', ') || 'nothing'}`;
  fail(`${subject}${detail ?? title ?? `status ${status}`}${possible}`, 1);
  return false;
}

async function socketOf({ config }: PlaceOptions): Promise<string | undefined> {
  const settings = await settingsOrReport(config);
  if (settings === undefined) return undefined;
  const { controlSocketFile } = await import('../config/sections/operator.ts');
  const file = controlSocketFile(settings);
  if (file === undefined) fail('operator.socket is null: this server has no socket', 1);
  return file === undefined ? undefined : path.resolve(file);
}

function fail(message: string, exitCode: number): void {
  process.stderr.write(`${printableText(message)}\n`);
  process.exitCode = exitCode;
}

function readMinutes(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,5})([mhd])$/.exec(text) ?? [];
  if (count === undefined || unit === undefined)
    throw new InvalidArgumentError('Write it as 30m, 12h or 2d.');
  return Number(count) * (MINUTES.get(unit) ?? 1);
}

function readNumber(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number of 1 or more.');
}
