import { type Command, InvalidArgumentError, Option } from 'commander';
import { SYSTEM_CLOCK } from '../app/clock.ts';
import { ROLE_NAMES, type Role } from '../api/permissions.ts';
import type { TokenView } from '../api/schemas/token.ts';
import { printableJson, printableText } from '../provision/history/printable-text.ts';
import { createFirstToken } from './first-token.ts';
import { type ServerOptions, withServerOptions } from './server/find-server.ts';
import { withServer } from './server/with-server.ts';
import { textTable } from './text-table.ts';

interface CreateOptions extends ServerOptions {
  readonly name: string;
  readonly role: Role;
  readonly expires?: Date;
  readonly network: readonly string[];
  readonly inventory: readonly string[];
  readonly local?: boolean;
  readonly json?: boolean;
}

const DAY_MS = 86_400_000;
const UNITS_MS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  d: DAY_MS,
  w: 7 * DAY_MS,
  y: 365 * DAY_MS,
};

/** `railhead tokens ...`: makes, lists and revokes tokens for the API. */
export function registerTokens(program: Command): void {
  const tokens = program.command('tokens').description('make, list and revoke tokens for the API');
  withServerOptions(
    tokens.command('create').description('make a token and print it; it is shown only this once'),
  )
    .requiredOption('--name <name>', 'whose it is, as the audit shows it: small letters, digits, . _ -')
    .addOption(new Option('--role <role>', 'what it may do').choices(ROLE_NAMES).makeOptionMandatory())
    .option(
      '--expires <time>',
      'when it ends: 12h, 90d, 52w, 1y, or a time as 2027-03-01T00:00:00Z',
      readExpiry,
    )
    .option(
      '--network <cidr>',
      'a network that it may be used from, as 10.0.9.0/24; may be repeated',
      collect,
      [],
    )
    .option('--inventory <source>', 'an inventory that it may replace; may be repeated', collect, [])
    .option('--local', 'make it in the database of this host if the server does not run')
    .option('--json', 'print JSON')
    .action(create);
  withServerOptions(tokens.command('list').description('list all tokens, without their secrets'))
    .option('--json', 'print JSON')
    .action(list);
  withServerOptions(tokens.command('revoke').description('revoke tokens: they are not accepted from now on'))
    .argument('<token...>', 'names or ids of the tokens')
    .option('--reason <text>', 'why, for the audit')
    .action(revoke);
}

async function create(options: CreateOptions): Promise<void> {
  const { expires, inventory, json, local, name, network, role } = options;
  const body = {
    name,
    role,
    networks: [...network],
    ...(expires !== undefined && { expires_at: expires.toISOString() }),
    ...(inventory.length > 0 && { inventories: [...inventory] }),
  };
  if (local === true && (await createFirstToken(options, body, (token) => print(token, json)))) return;
  await withServer(options, async (client) => {
    print(await client.call('createToken', { body }), json);
  });
}

/** The text alone on standard output, so that a script can take it. */
function print(made: TokenView & { readonly token: string }, json: boolean | undefined): void {
  if (json === true) {
    process.stdout.write(`${printableJson(made)}\n`);
    return;
  }
  process.stderr.write(
    printableText(`the token of ${made.name}, with the role ${made.role}; it is shown only now:`) + '\n',
  );
  process.stdout.write(`${made.token}\n`);
}

async function list(options: ServerOptions & { readonly json?: boolean }): Promise<void> {
  await withServer(options, async (client) => {
    const { items } = await client.call('listTokens', {});
    if (options.json === true) {
      process.stdout.write(`${printableJson(items)}\n`);
      return;
    }
    const rows = items.map((token) => [
      token.name,
      token.role,
      token.id,
      token.expires_at ?? 'never',
      token.last_used_at === null ? 'never' : `${token.last_used_at} from ${token.last_used_from ?? '?'}`,
    ]);
    process.stdout.write(textTable(['NAME', 'ROLE', 'ID', 'EXPIRES', 'LAST USED'], rows));
  });
}

async function revoke(
  names: readonly string[],
  options: ServerOptions & { readonly reason?: string },
): Promise<void> {
  for (const token of names) {
    const revokeOne = async (client: Parameters<Parameters<typeof withServer>[1]>[0]): Promise<void> => {
      await client.call('revokeToken', { params: { token }, query: { reason: options.reason } });
      process.stdout.write(`${printableText(token)}: revoked\n`);
    };
    if (!(await withServer(options, revokeOne, `${token}: `))) return;
  }
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function readExpiry(text: string): Date {
  const [, count, unit = ''] = /^([1-9]\d{0,4})([hdwy])$/.exec(text) ?? [];
  const ms =
    count === undefined
      ? Date.parse(text)
      : SYSTEM_CLOCK.now().getTime() + Number(count) * (UNITS_MS[unit] ?? 0);
  if (Number.isNaN(ms)) throw new InvalidArgumentError('Write it as 12h, 90d, 1y or 2027-03-01T00:00:00Z.');
  return new Date(ms);
}
