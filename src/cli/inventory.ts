import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { ApiProblem } from '../api/client.ts';
import { NetBoxClient, NetBoxError } from '../netbox/netbox-client.ts';
import { type NetBoxSyncResult, syncNetBox } from '../netbox/sync-netbox.ts';
import { printableJson, printableText } from '../provision/history/printable-text.ts';
import { type ServerOptions, withServerOptions } from './server/find-server.ts';
import { fail, withServer } from './server/with-server.ts';

interface SyncOptions extends ServerOptions {
  readonly netboxUrl: string;
  readonly netboxTokenFile?: string;
  readonly filter: readonly (readonly [string, string])[];
  readonly source: string;
  readonly labelField: readonly string[];
  readonly metadataField: readonly string[];
  readonly writeState?: string;
  readonly writeAddress?: string;
  readonly interval?: number;
  readonly allowRemoval?: number;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** `railhead inventory ...`: replaces inventories from a file or from NetBox. */
export function registerInventory(program: Command): void {
  const inventory = program
    .command('inventory')
    .description('replace the machines of an inventory, from a file or from NetBox');
  withServerOptions(
    inventory.command('put').description('replace an inventory by the machines of a JSON file'),
  )
    .argument('<source>', 'name of the inventory')
    .argument('<file>', 'file with {"machines": [...]}; - for standard input')
    .option('--dry-run', 'only say what would change')
    .option('--allow-removal <number>', 'the number of machines that are to go', readCount)
    .option('--json', 'print JSON')
    .action(put);
  const sync = inventory.command('sync').description('replace an inventory by what another system has');
  withServerOptions(
    sync.command('netbox').description('take devices, their network cards and addresses from NetBox'),
  )
    .requiredOption('--netbox-url <url>', 'as https://netbox.example.com')
    .option('--netbox-token-file <file>', 'file with a token of NetBox; without it, NETBOX_TOKEN')
    .option(
      '--filter <key=value>',
      'only these devices, as site=fra1 or status=active; may be repeated',
      collectPair,
      [],
    )
    .option('--source <name>', 'name of the inventory', 'netbox')
    .option('--label-field <name>', 'a custom field that becomes a label; may be repeated', collect, [])
    .option('--metadata-field <name>', 'a custom field that becomes metadata; may be repeated', collect, [])
    .option('--write-state <field>', 'a custom field that the state of the machine is written to')
    .option('--write-address <field>', 'a custom field that the address of the machine is written to')
    .option('--interval <time>', 'go on, again and again, as 30s, 5m or 1h, until Ctrl-C', readInterval)
    .option('--dry-run', 'only say what would change')
    .option('--allow-removal <number>', 'the number of machines that are to go', readCount)
    .option('--json', 'print JSON')
    .action(syncFromNetBox);
}

async function put(
  source: string,
  file: string,
  options: ServerOptions & { dryRun?: boolean; allowRemoval?: number; json?: boolean },
): Promise<void> {
  let body: { machines: Record<string, never>[] };
  try {
    body = JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8')) as typeof body;
  } catch (error) {
    fail(`${file}: ${(error as Error).message}`);
    return;
  }
  const { allowRemoval, dryRun } = options;
  await withServer(options, async (client) => {
    const changes = await client.call('replaceInventory', {
      params: { source },
      query: {
        dry_run: dryRun === true ? 'true' : 'false',
        ...(allowRemoval !== undefined && { allow_removal: String(allowRemoval) }),
      },
      body,
    });
    print({ changes, skipped: [], written: 0 }, options.json);
  });
}

async function syncFromNetBox(options: SyncOptions): Promise<void> {
  const client = openNetBox(options);
  if (client === undefined) return;
  const {
    allowRemoval,
    dryRun = false,
    filter,
    interval,
    labelField,
    metadataField,
    source,
    writeAddress,
    writeState,
  } = options;
  const writeBack =
    writeState === undefined && writeAddress === undefined
      ? undefined
      : { state: writeState, address: writeAddress };
  for (;;) {
    await withServer(options, async (api) => {
      try {
        const custom = { labels: labelField, metadata: metadataField };
        print(
          await syncNetBox(client, api, { source, filters: filter, custom, dryRun, allowRemoval, writeBack }),
          options.json,
        );
      } catch (error) {
        if (error instanceof ApiProblem || !(error instanceof NetBoxError)) throw error;
        fail(`netbox: ${error.message}`);
      }
    });
    if (interval === undefined) return;
    // What failed once may work the next time; the status of the command is that of the last try.
    await wait(interval);
    process.exitCode = 0;
  }
}

function openNetBox({ netboxTokenFile: file, netboxUrl: text }: SyncOptions): NetBoxClient | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    fail(`--netbox-url: ${text} is not the address of a server; write it as https://netbox.example.com`);
    return undefined;
  }
  let token: string | undefined;
  try {
    token = (file === undefined ? process.env['NETBOX_TOKEN'] : readFileSync(file, 'utf8'))?.trim();
  } catch (error) {
    fail(`--netbox-token-file: ${file ?? ''} cannot be read: ${(error as Error).message}`);
    return undefined;
  }
  if (token === undefined || token === '') {
    fail('a token of NetBox is needed: set NETBOX_TOKEN, or name a file with --netbox-token-file');
    return undefined;
  }
  return new NetBoxClient({ url, token });
}

function print(result: NetBoxSyncResult, json: boolean | undefined): void {
  if (json === true) {
    process.stdout.write(`${printableJson(result)}\n`);
    return;
  }
  const { changes, skipped, written } = result;
  const { added, changed, dry_run: isDry, removed, unchanged } = changes;
  const lines = [
    `${isDry ? 'would change: ' : ''}${added.length} added, ${changed.length} changed, ${removed.length} removed, ${unchanged} unchanged`,
    ...added.map((id) => `  + ${id}`),
    ...changed.map(({ fields, id }) => `  ~ ${id}: ${fields.join(', ')}`),
    ...removed.map((id) => `  - ${id}`),
    ...skipped.map(({ device, reason }) => `  skipped ${device}: ${reason}`),
    ...(written > 0 ? [`${written} devices were written back`] : []),
  ];
  process.stdout.write(`${lines.map(printableText).join('\n')}\n`);
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function collectPair(text: string, before: readonly (readonly [string, string])[]) {
  const [, key, value] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  if (key === undefined || value === undefined) throw new InvalidArgumentError('Write it as key=value.');
  return [...before, [key, value] as const];
}

function readCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

function readInterval(text: string): number {
  const [, count, unit = ''] = /^([1-9]\d{0,4})([smh])$/.exec(text) ?? [];
  if (count === undefined) throw new InvalidArgumentError('Write it as 30s, 5m or 1h.');
  return Number(count) * (UNITS_MS[unit] ?? 0);
}
