import type { Command } from 'commander';
import type { CatalogView } from '../api/schemas/catalog.ts';
import { printableJson, printableText } from '../provision/history/printable-text.ts';
import { type ServerOptions, withServerOptions } from './server/find-server.ts';
import { withServer } from './server/with-server.ts';

type CatalogOptions = ServerOptions & { readonly json?: boolean };

/** `railhead catalog show` and `reload`: what the running server serves. Both fail if something is wrong with it. */
export function registerCatalog(program: Command): void {
  const catalog = program
    .command('catalog')
    .description('show what the running server serves, or let it read its files again');
  const command = (name: string, description: string, operation: 'showCatalog' | 'reloadCatalog'): void => {
    withServerOptions(catalog.command(name).description(description))
      .option('--json', 'print JSON')
      .action(async (options: CatalogOptions) => {
        await withServer(options, async (client) => print(await client.call(operation, {}), options));
      });
  };
  command('show', 'show what serves, and what is wrong with the files', 'showCatalog');
  command('reload', 'read the files again, and wait until they serve', 'reloadCatalog');
}

function print(catalog: CatalogView, { json }: CatalogOptions): void {
  const { conditions, problems, warnings } = catalog;
  if (conditions.some(({ status }) => !status)) process.exitCode = 1;
  if (json === true) {
    process.stdout.write(`${printableJson(catalog)}\n`);
    return;
  }
  const place = ({ column, file, line, message }: CatalogView['problems'][number]): string =>
    line === undefined ? `${file}: ${message}` : `${file}:${line}:${column ?? 1}: ${message}`;
  const lines = [
    ...conditions.map(
      ({ message, status, type }) => `${status ? 'ok     ' : 'PROBLEM'}  ${type}: ${message}`,
    ),
    ...problems.map((one) => `problem  ${place(one)}`),
    ...warnings.map((one) => `warning  ${place(one)}`),
  ];
  process.stdout.write(`${lines.map(printableText).join('\n')}\n`);
}
