import { type Command, InvalidArgumentError } from 'commander';
import { stringify } from 'yaml';
import type { ApiClient, CallOf } from '../api/client.ts';
import { PAGE_MAX } from '../api/list-form.ts';
import type { Operation } from '../api/routes.ts';
import { printableJson, printableText } from '../provision/history/printable-text.ts';
import { type ServerOptions, withServerOptions } from './server/find-server.ts';
import { withServer } from './server/with-server.ts';
import { textTable } from './text-table.ts';

/** What a row is made of: an item as the API shows it. */
type Item = Readonly<Record<string, unknown>>;

/** A column: its head, and what it shows of an item. */
type Column = readonly [head: string, cell: (item: Item) => unknown];

/** A kind of thing that can be listed and shown. */
interface Listing {
  readonly name: string;
  readonly summary: string;
  readonly list: Operation;
  readonly columns: readonly Column[];
  /** Options of the list: the parameter of the query, and what it means. */
  readonly filters?: Readonly<Record<string, string>>;
  readonly show?: { readonly operation: Operation; readonly param: string };
}

const text =
  (field: string): Column[1] =>
  (item) =>
    item[field];
const count =
  (field: string): Column[1] =>
  (item) =>
    (item[field] as readonly unknown[]).length;

const LISTINGS: readonly Listing[] = [
  {
    name: 'groups',
    summary: 'the groups in their order of precedence',
    list: 'listGroups',
    columns: [
      ['ID', text('id')],
      ['PROFILE', text('profile')],
      ['PRIORITY', text('priority')],
      [
        'SELECTOR',
        ({ selector }) =>
          (selector as readonly { label: string; requirement: string }[])
            .map(({ label, requirement }) => `${label} ${requirement}`)
            .join(', ') || 'every machine',
      ],
      ['PROBLEM', text('problem')],
    ],
    show: { operation: 'showGroup', param: 'group' },
  },
  {
    name: 'profiles',
    summary: 'the profiles',
    list: 'listProfiles',
    columns: [
      ['ID', text('id')],
      ['FOR', text('lifecycle')],
      ['GROUPS', ({ groups }) => (groups as readonly string[]).join(', ')],
      ['PROBLEM', text('problem')],
    ],
    show: { operation: 'showProfile', param: 'profile' },
  },
  {
    name: 'templates',
    summary: 'the templates that profiles use',
    list: 'listTemplates',
    columns: [
      ['NAME', text('name')],
      ['PROFILES', ({ profiles }) => (profiles as readonly string[]).join(', ')],
    ],
  },
  {
    name: 'assets',
    summary: 'the files below /assets/',
    list: 'listAssets',
    columns: [
      ['PATH', text('path')],
      ['BYTES', text('size')],
      ['PROFILES', ({ profiles }) => (profiles as readonly string[]).join(', ')],
    ],
  },
  {
    name: 'networks',
    summary: 'the networks that DHCP serves',
    list: 'listNetworks',
    columns: [
      ['ID', text('id')],
      ['NETWORK', text('cidr')],
      ['MODE', text('mode')],
      ['POOL', text('pool_size')],
      ['LEASED', text('bound')],
      ['OTHER SERVERS', count('other_servers')],
    ],
  },
  {
    name: 'leases',
    summary: 'the leases by address',
    list: 'listLeases',
    filters: {
      network: 'only of this network',
      mac: 'only of this MAC address',
      state: 'only in this state',
    },
    columns: [
      ['ADDRESS', text('address')],
      ['STATE', text('state')],
      ['MAC', text('mac')],
      ['MACHINE', text('machine')],
      ['HOSTNAME', text('hostname')],
      ['EXPIRES', text('expires_at')],
    ],
    show: { operation: 'showLease', param: 'address' },
  },
  {
    name: 'sessions',
    summary: 'boots, the latest first: how far each got, and why no further',
    list: 'listSessions',
    filters: {
      machine: 'only of this machine',
      phase: 'only in this phase',
      verdict: 'only with this verdict',
    },
    columns: [
      ['STARTED', text('started_at')],
      ['MACHINE', ({ mac, machine }) => machine ?? mac],
      ['PHASE', text('phase')],
      ['VERDICT', text('verdict')],
      ['ID', text('id')],
      ['TEXT', text('text')],
    ],
    show: { operation: 'showSession', param: 'session' },
  },
  {
    name: 'transitions',
    summary: 'changes of machines, the newest first',
    list: 'listTransitions',
    filters: { machine: 'only of this machine', kind: 'only of this kind' },
    columns: [
      ['NUMBER', text('number')],
      ['AT', text('at')],
      ['MACHINE', text('machine')],
      ['KIND', text('kind')],
      ['BY', text('source')],
    ],
  },
  {
    name: 'inventories',
    summary: 'the inventories, and how many machines each declares',
    list: 'listInventories',
    columns: [
      ['NAME', text('name')],
      ['MACHINES', text('machines')],
      ['REPLACED', text('put_at')],
      ['BY', text('put_by')],
    ],
    show: { operation: 'showInventory', param: 'source' },
  },
  {
    name: 'operations',
    summary: 'what was done to many machines at once, the newest first',
    list: 'listOperations',
    columns: [
      ['CREATED', text('created_at')],
      ['VERB', text('verb')],
      ['STATE', text('state')],
      ['MACHINES', text('machines')],
      ['DONE', text('done')],
      ['FAILED', text('failed')],
      ['ID', text('id')],
    ],
    show: { operation: 'showOperation', param: 'operation' },
  },
];

interface ListOptions extends ServerOptions {
  readonly limit?: number;
  readonly json?: boolean;
}

/** `railhead groups list`, `railhead leases show 10.0.1.21` and the like: one command for each kind of thing. */
export function registerListings(program: Command): void {
  for (const listing of LISTINGS) {
    const command = program.command(listing.name).description(`list ${listing.summary}`);
    const list = withServerOptions(command.command('list').description(`list ${listing.summary}`));
    for (const [name, meaning] of Object.entries(listing.filters ?? {}))
      list.option(`--${name} <${name}>`, meaning);
    list
      .option('--limit <number>', 'at most so many', readLimit)
      .option('--json', 'print JSON')
      .action((options: ListOptions & Readonly<Record<string, unknown>>) => printList(listing, options));
    const { show } = listing;
    if (show === undefined) continue;
    withServerOptions(command.command('show').description('show one, with everything that is known of it'))
      .argument('<id>')
      .option('--json', 'print JSON')
      .action((id: string, options: ListOptions) => printOne(show, id, options));
  }
}

async function printList(
  { columns, filters = {}, list }: Listing,
  options: ListOptions & Readonly<Record<string, unknown>>,
): Promise<void> {
  const query = Object.fromEntries(Object.keys(filters).map((name) => [name, options[name]]));
  await withServer(options, async (client) => {
    const items = await allItems(client, list, query, options.limit);
    if (options.json === true) {
      process.stdout.write(`${printableJson(items)}\n`);
      return;
    }
    const rows = items.map((item) => columns.map(([, cell]) => cellText(cell(item))));
    process.stdout.write(
      textTable(
        columns.map(([head]) => head),
        rows,
      ),
    );
  });
}

async function printOne(
  { operation, param }: NonNullable<Listing['show']>,
  id: string,
  options: ListOptions,
): Promise<void> {
  await withServer(options, async (client) => {
    const call = { params: { [param]: id } } as unknown as CallOf<'showGroup'>;
    const item = await client.call(operation as 'showGroup', call);
    const shown = options.json === true ? printableJson(item) : stringify(item).trimEnd();
    process.stdout.write(`${shown.split('\n').map(printableText).join('\n')}\n`);
  });
}

/** All items of a list, page by page; at most `limit` of them. */
async function allItems(
  client: ApiClient,
  list: Operation,
  query: Readonly<Record<string, unknown>>,
  limit = Infinity,
): Promise<Item[]> {
  const items: Item[] = [];
  const isPaged = PAGED.has(list);
  for (let cursor: string | undefined; ;) {
    const page = isPaged
      ? { limit: String(Math.min(PAGE_MAX, limit - items.length)), ...(cursor !== undefined && { cursor }) }
      : {};
    const call = { query: { ...query, ...page } } as unknown as CallOf<'listTransitions'>;
    const answer = (await client.call(list as 'listTransitions', call)) as unknown as {
      readonly items: readonly Item[];
      readonly next_cursor?: string | null;
    };
    items.push(...answer.items);
    if (typeof answer.next_cursor !== 'string' || items.length >= limit) return items.slice(0, limit);
    cursor = answer.next_cursor;
  }
}

/** The lists that come page by page. */
const PAGED: ReadonlySet<Operation> = new Set<Operation>(['listLeases', 'listSessions', 'listTransitions']);

function cellText(value: unknown): string {
  if (value === undefined || value === null || value === '') return '-';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function readLimit(value: string): number {
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('It must be a whole number of 1 or more.');
}
