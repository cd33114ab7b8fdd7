import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import {
  type Context,
  type Contexts,
  contextsFile,
  readContexts,
  writeContexts,
} from './server/contexts-file.ts';
import { parseUrl } from './server/find-server.ts';
import { fail } from './server/with-server.ts';
import { textTable } from './text-table.ts';

interface SetOptions {
  readonly url: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
}

/** `railhead context ...`: the servers that somebody uses from here. */
export function registerContext(program: Command): void {
  const context = program
    .command('context')
    .description('remember servers and the tokens for them, and choose which one commands mean');
  context.command('list').description('list them; * marks the one that commands mean').action(report(list));
  context
    .command('set')
    .description('remember a server; its token is read from a file, or from RAILHEAD_TOKEN')
    .argument('<name>', 'a name of your own')
    .requiredOption('--url <url>', 'as https://railhead.example.com:8081')
    .option('--token-file <file>', 'file with the token; without it, RAILHEAD_TOKEN')
    .option('--ca-file <file>', 'certificates of the authority that signed that of the server, in PEM')
    .action(report(set));
  context
    .command('use')
    .description('let commands mean this server if they name no other')
    .argument('<name>')
    .action(report(use));
  context
    .command('remove')
    .description('forget a server and its token')
    .argument('<name>')
    .action(report(remove));
}

function list(): void {
  const { contexts, current } = readContexts(contextsFile());
  const rows = Object.entries(contexts).map(([name, { url }]) => [name === current ? '*' : '', name, url]);
  process.stdout.write(textTable(['', 'NAME', 'URL'], rows));
}

function set(name: string, { caFile, tokenFile, url }: SetOptions): void {
  const token =
    tokenFile === undefined ? process.env['RAILHEAD_TOKEN'] : readFileSync(tokenFile, 'utf8').trim();
  if (token === undefined || token === '')
    throw new Error('a token is needed: set RAILHEAD_TOKEN, or name a file with --token-file');
  const made: Context = {
    url: parseUrl(url).origin,
    token,
    ...(caFile !== undefined && { ca_file: path.resolve(caFile) }),
  };
  change(({ contexts, current }) => ({ current: current ?? name, contexts: { ...contexts, [name]: made } }));
}

function use(name: string): void {
  change((known) => {
    requireContext(known, name);
    return { ...known, current: name };
  });
}

function remove(name: string): void {
  change((known) => {
    requireContext(known, name);
    const { [name]: _gone, ...contexts } = known.contexts;
    const { current } = known;
    return { contexts, ...(current !== undefined && current !== name && { current }) };
  });
}

function change(work: (known: Contexts) => Contexts): void {
  const file = contextsFile();
  writeContexts(file, work(readContexts(file)));
}

function requireContext({ contexts }: Contexts, name: string): void {
  if (contexts[name] === undefined)
    throw new Error(`there is no context ${name}; \`railhead context list\` shows all`);
}

/** Prints what goes wrong instead of throwing it. */
function report<A extends unknown[]>(work: (...args: A) => void): (...args: A) => void {
  return (...args) => {
    try {
      work(...args);
    } catch (error) {
      fail((error as Error).message);
    }
  };
}
