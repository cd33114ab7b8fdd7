import { setTimeout as wait } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { ApiClient, ApiProblem } from '../api/client.ts';
import type { AuditView, BootEventView, TransitionView } from '../api/schemas/history.ts';
import { ROUTES } from '../api/routes.ts';
import { printableText } from '../provision/history/printable-text.ts';
import { findServer, type ServerOptions, withServerOptions } from './server/find-server.ts';
import { readEvents } from './server/read-events.ts';
import { sendTo, type ServerPlace, transportTo } from './server/transport.ts';
import { withServer } from './server/with-server.ts';

interface EventOptions extends ServerOptions {
  readonly follow?: boolean;
  readonly mac?: string;
  readonly machine?: string;
  readonly kind?: string;
  readonly label?: string;
  readonly limit: string;
  readonly json?: boolean;
}

/** Between two tries to reach a server that has gone. */
const RETRY_MS = 2_000;

/** `railhead events` and `railhead audit`: what happened, and what happens. */
export function registerEvents(program: Command): void {
  withServerOptions(
    program.command('events').description('print what happened to machines, the oldest first'),
  )
    .option('--follow', 'go on with what happens, until Ctrl-C')
    .option('--mac <mac>', 'only of this network card')
    .option('--machine <id>', 'only of this machine; with --follow')
    .option('--label <key=value>', 'only of machines with this label; with --follow')
    .option('--kind <kind>', 'only of this kind')
    .addOption(new Option('--limit <number>', 'how many of the past').default('20'))
    .option('--json', 'print each as JSON, on one line')
    .action(printEvents);
  withServerOptions(
    program.command('audit').description('print what people and programs did, the oldest first'),
  )
    .option('--follow', 'go on with what is done, until Ctrl-C')
    .addOption(new Option('--limit <number>', 'how many of the past').default('20'))
    .option('--json', 'print each as JSON, on one line')
    .action(printAudit);
}

async function printEvents(options: EventOptions): Promise<void> {
  const { follow, kind, label, limit, mac, machine } = options;
  const query = { ...(mac !== undefined && { mac }), ...(kind !== undefined && { kind }) };
  await withServer(options, async (client) => {
    const page = await client.call('listEvents', { query: { ...query, limit } as { limit: string } });
    for (const event of [...page.items].reverse()) print(event, eventLine, options);
    if (follow !== true) return;
    const wanted = { ...query, machine, label, types: 'boot_event,transition' };
    await followStream(options, page.as_of, wanted, (type, data) => {
      if (type === 'boot_event') print(data as BootEventView, eventLine, options);
      if (type === 'transition') print(data as TransitionView, transitionLine, options);
    });
  });
}

async function printAudit(options: EventOptions): Promise<void> {
  await withServer(options, async (client) => {
    const page = await client.call('listAudit', { query: { limit: options.limit } });
    for (const entry of [...page.items].reverse()) print(entry, auditLine, options);
    if (options.follow !== true) return;
    await followStream(options, page.as_of, { types: 'audit' }, (type, data) => {
      if (type === 'audit') print(data as AuditView, auditLine, options);
    });
  });
}

/** Follows the stream from a position on. A connection that is lost is made again, and nothing is missed. */
async function followStream(
  options: ServerOptions,
  asOf: string,
  query: Readonly<Record<string, string | undefined>>,
  take: (type: string, data: unknown) => void,
): Promise<void> {
  const place = await findServer(options);
  if (place === undefined) return;
  let position = asOf;
  let isLost = false;
  for (;;) {
    try {
      for await (const { data, id, type } of await openStream(place, position, query)) {
        if (isLost) process.stderr.write('connected again\n');
        isLost = false;
        position = id;
        if (type === 'resync') process.stderr.write('some entries were deleted before they could be sent\n');
        else if (data !== '') take(type, JSON.parse(data));
      }
    } catch (error) {
      if (error instanceof ApiProblem) throw error;
    }
    if (!isLost) process.stderr.write('the connection is lost; trying again\n');
    isLost = true;
    await wait(RETRY_MS);
  }
}

async function openStream(
  place: ServerPlace,
  position: string,
  query: Readonly<Record<string, string | undefined>>,
) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...query, after: position })) {
    if (value !== undefined) parameters.set(name, value);
  }
  const path = `/api/v1${ROUTES.streamEvents.path}?${parameters.toString()}`;
  const response = await sendTo(place, { method: 'GET', path, headers: {} }, 0);
  if (response.statusCode !== 200) {
    response.resume();
    // Asks again in the way that understands the refusal.
    await new ApiClient(transportTo(place), ROUTES).call('showMe', {});
    throw new Error(`the stream was refused with the status ${response.statusCode ?? 0}`);
  }
  return readEvents(response);
}

function print<T>(item: T, line: (item: T) => string, { json }: { readonly json?: boolean }): void {
  process.stdout.write(`${json === true ? JSON.stringify(item) : printableText(line(item))}\n`);
}

function eventLine({ at, kind, mac, machine, summary }: BootEventView): string {
  return `${at}  ${(machine ?? mac ?? '-').padEnd(17)}  ${kind.padEnd(20)}  ${summary}`;
}

function transitionLine({ at, kind, machine, source }: TransitionView): string {
  return `${at}  ${machine.padEnd(17)}  ${kind.padEnd(20)}  by ${source}`;
}

function auditLine({ actor, address, at, outcome, reason, target, verb }: AuditView): string {
  const from = address === undefined ? '' : ` from ${address}`;
  return `${at}  ${outcome.padEnd(7)}  ${actor}${from}: ${verb} ${target}${reason === '' ? '' : ` (${reason})`}`;
}
