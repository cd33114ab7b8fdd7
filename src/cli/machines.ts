import { type Command, InvalidArgumentError, Option } from 'commander';
import type { MachineDetailView, MachineLifeView } from '../api/schemas/machine.ts';
import type { ApiClient, CallOf } from '../api/client.ts';
import { PAGE_MAX } from '../api/list-form.ts';
import { VERB_TABLE, type VerbName } from '../api/schemas/verbs.ts';
import { printableJson, printableText } from '../provision/history/printable-text.ts';
import { ARM_PURPOSES, LIFE_STATES, type LifeState } from '../provision/machines/lifecycle/life.ts';
import { collectLabel } from './machine-query.ts';
import { type ServerOptions, withServerOptions } from './server/find-server.ts';
import { withServer } from './server/with-server.ts';
import { armText, machineTable, machineText, stateText } from './machine-table.ts';

type ListOptions = ServerOptions & { readonly state?: LifeState; readonly json?: boolean };
type VerbOptions = ServerOptions & {
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

const ARMING = new Set(['arm', 'reinstall', 'reset', 'rescue']);
const MINUTES = new Map([
  ['m', 1],
  ['h', 60],
  ['d', 24 * 60],
]);

/** `railhead machines ...`: lists machines of a running server, and changes them. */
export function registerMachines(program: Command): void {
  const machines = program
    .command('machines')
    .description('list the machines of a running server, and approve, arm, hold or retire them');
  withServerOptions(machines.command('list').description('list all machines, declared and discovered'))
    .addOption(new Option('--state <state>', 'only machines in this state').choices(LIFE_STATES))
    .option('--json', 'print JSON')
    .action(list);
  withServerOptions(machines.command('show').description('show one machine, and what can be done to it'))
    .argument('<id>', 'id of the machine, or its MAC address')
    .option('--json', 'print JSON')
    .action(show);
  for (const name of Object.keys(VERB_TABLE) as VerbName[])
    registerVerb(machines, name, VERB_TABLE[name].summary);
  registerVerb(machines, 'delete', 'delete all that is kept about a machine that no file declares');
}

function registerVerb(machines: Command, name: VerbName | 'delete', summary: string): void {
  const command = withServerOptions(machines.command(name).description(summary))
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

async function list(options: ListOptions): Promise<void> {
  await withServer(options, async (client) => {
    const wanted: MachineLifeView[] = [];
    const query = { limit: PAGE_MAX, ...(options.state !== undefined && { state: options.state }) };
    for (let cursor: string | undefined; ;) {
      const page = await client.call('listMachines', {
        query: { ...query, ...(cursor !== undefined && { cursor }) },
      });
      // Without `fields`, every machine is complete.
      wanted.push(...(page.items as readonly MachineLifeView[]));
      if (page.next_cursor === null) break;
      cursor = page.next_cursor;
    }
    process.stdout.write(options.json === true ? `${printableJson(wanted)}\n` : machineTable(wanted));
  });
}

async function show(id: string, options: ServerOptions & { readonly json?: boolean }): Promise<void> {
  await withServer(options, async (client) => {
    const machine = await client.call('showMachine', { params: { id } });
    process.stdout.write(options.json === true ? `${printableJson(machine)}\n` : machineText(machine));
  });
}

async function carryOut(
  verb: VerbName | 'delete',
  ids: readonly string[],
  options: VerbOptions,
): Promise<void> {
  for (const id of ids) {
    const changeOne = async (client: ApiClient): Promise<void> => {
      const params = { id };
      if (verb === 'delete') {
        await client.call('deleteMachine', { params, query: { reason: options.reason } });
        process.stdout.write(`${printableText(id)}: deleted\n`);
        return;
      }
      // Each verb has a body of its own, which the server checks.
      const call = { params, body: inputOf(options) } as CallOf<'holdMachine'>;
      printResult(await client.call(`${verb}Machine` as 'holdMachine', call), options.json === true);
    };
    if (!(await withServer(options, changeOne, `${id}: `))) return;
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
