import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Command, Option } from 'commander';
import { settingsOrReport } from '../settings-or-report.ts';
import { contextsFile, readContexts } from './contexts-file.ts';
import type { ServerPlace } from './transport.ts';

/** The options that say which server is meant. */
export interface ServerOptions {
  readonly url?: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
  readonly context?: string;
  readonly socket?: string;
  readonly config?: string;
}

/** Gives a command the options that say which server is meant. */
export function withServerOptions(command: Command): Command {
  return command
    .option('--url <url>', 'the server, as https://railhead.example.com:8081 (RAILHEAD_URL)')
    .option('--token-file <file>', 'file with the token for it; without it, RAILHEAD_TOKEN')
    .option('--ca-file <file>', 'certificates of the authority that signed that of the server, in PEM')
    .option('--context <name>', 'the server of this name in the contexts; see `railhead context`')
    .option('--socket <path>', "the server's socket on this host (default: operator.socket)")
    .addOption(
      new Option(
        '--config <file>',
        'settings of the server on this host; railhead.yaml in this directory if it is there',
      ),
    );
}

/**
 * Which server a command means: that of its options, of the environment, of the current context, or the one of this
 * host, in this order. Undefined if the settings are invalid, which was reported then. Throws an Error that says what to
 * do.
 */
export async function findServer(
  options: ServerOptions,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<ServerPlace | undefined> {
  const { caFile, socket, tokenFile } = options;
  if (socket !== undefined) return { kind: 'socket', file: path.resolve(socket) };
  const url = options.url ?? (options.context === undefined ? environment['RAILHEAD_URL'] : undefined);
  if (url !== undefined && url !== '') {
    const token = tokenFile === undefined ? environment['RAILHEAD_TOKEN'] : readToken(tokenFile);
    if (token === undefined || token === '')
      throw new Error(`a token for ${url} is needed: set RAILHEAD_TOKEN, or name a file with --token-file`);
    return {
      kind: 'url',
      url: parseUrl(url),
      token,
      ca: caFile === undefined ? undefined : readAuthorities(caFile),
    };
  }
  if (options.config === undefined) {
    const file = contextsFile(environment);
    const { contexts, current } = readContexts(file);
    const name = options.context ?? current;
    if (name !== undefined) {
      const context = contexts[name];
      if (context === undefined) {
        const names = Object.keys(contexts).join(', ');
        throw new Error(`${file} has no context ${name}${names === '' ? '' : `; it has ${names}`}`);
      }
      const ca = caFile ?? context.ca_file;
      return {
        kind: 'url',
        url: parseUrl(context.url),
        token: tokenFile === undefined ? context.token : readToken(tokenFile),
        ca: ca === undefined ? undefined : readAuthorities(ca),
      };
    }
  }
  return socketOfSettings(options.config);
}

async function socketOfSettings(config: string | undefined): Promise<ServerPlace | undefined> {
  const settings = await settingsOrReport(config);
  if (settings === undefined) return undefined;
  const { controlSocketFile } = await import('../../config/sections/operator.ts');
  const file = controlSocketFile(settings);
  if (file === undefined) throw new Error('operator.socket is null: this server has no socket');
  return { kind: 'socket', file: path.resolve(file) };
}

/** A server's address. Throws an Error that says how to write one. */
export function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search !== '')
    throw new Error(`${text} is not the address of a server; write it as https://railhead.example.com:8081`);
  return url;
}

function readToken(file: string): string {
  const token = readText(file, '--token-file').trim();
  if (token === '' || /\s/.test(token))
    throw new Error(`--token-file: ${file} must hold one token and nothing else`);
  return token;
}

function readAuthorities(file: string): string {
  const text = readText(file, '--ca-file');
  if (!text.includes('-----BEGIN CERTIFICATE-----'))
    throw new Error(
      `--ca-file: ${file} has no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----`,
    );
  return text;
}

function readText(file: string, option: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`${option}: ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
