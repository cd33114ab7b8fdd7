import path from 'node:path';
import type { Command } from 'commander';
import type { Logger } from 'pino';
import type { Settings } from '../config/schema.ts';

interface ServeOptions {
  readonly config?: string;
  readonly set: readonly string[];
  readonly dir?: string;
  readonly httpListen?: readonly string[];
  readonly operatorListen?: string;
  readonly store?: string;
  readonly logLevel?: string;
}

/** `railhead serve`: runs the service until SIGTERM or SIGINT. */
export function registerServe(program: Command): void {
  program
    .command('serve')
    .description('run the service')
    .option('--config <file>', 'settings; railhead.yaml in this directory if it is there')
    .option('--dir <dir>', 'the directory that holds profiles/, groups/, machines/ and assets/ (catalog.dir)')
    .option('--http-listen <address:port...>', 'where machines reach the boot plane (http.listen)')
    .option('--operator-listen <address:port>', 'where the API is (operator.listen)')
    .option('--store <file>', 'the database (store.file)')
    .option('--log-level <level>', 'trace, debug, info, warn, error or silent (log.level)')
    .option(
      '--set <key=value>',
      'any other setting, as in docs/configuration.md; may be repeated',
      collect,
      [],
    )
    .action(async (options: ServeOptions) => {
      const { loadSettings, SettingsError } = await import('../config/load-settings.ts');
      try {
        const settings = loadSettings({
          file: options.config,
          environment: process.env,
          flags: toFlags(options),
        });
        await serve(settings);
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        // A stack trace is only for bugs of ours; an operator needs the sentence.
        process.stderr.write(`railhead: ${error.message}\n`);
        process.exitCode = error instanceof SettingsError ? 2 : 1;
      }
    });
}

async function serve(settings: Settings): Promise<void> {
  const { startApp } = await import('../app/app.ts');
  const { formatEndpoint } = await import('../protocol/endpoint.ts');
  const { LineOutput } = await import('../log/line-output.ts');
  const { createLogger } = await import('../log/logger.ts');
  const { readPassedSockets } = await import('../server/udp/socket-activation.ts');
  const { file } = settings.log;
  const logOutput = file === undefined ? LineOutput.toDescriptor(1) : openLog(() => LineOutput.toFile(file));
  const log = createLogger(settings.log.level, logOutput);
  // Without a listener the signal would end the process; until a reload is possible, it does nothing.
  process.on('SIGHUP', () => undefined);
  const passedSockets = readPassedSockets(process.env, process.pid);
  const app = await startApp({ settings, log, logOutput, passedSockets });
  if (process.stdout.isTTY) {
    const [first] = app.http;
    const url = first === undefined ? '' : `http://${formatEndpoint(first).replace('0.0.0.0', '127.0.0.1')}`;
    process.stderr.write(
      [
        '',
        `Railhead serves ${path.resolve(settings.catalog.dir)} at ${url}`,
        `  a machine starts here    ${url}/boot.ipxe`,
        `  what a machine would get curl '${url}/ipxe?mac=52:54:00:a1:9c:ae'`,
        ...(app.operator === undefined
          ? []
          : [
              `  the catalog's state      curl -H "Authorization: Bearer $(cat ${app.operator.tokenFile})" ${app.operator.scheme}://${formatEndpoint(app.operator.endpoint)}/api/v1/catalog`,
            ]),
        ...(settings.dhcp.interfaces.length > 0
          ? []
          : ['  DHCP and TFTP are off    see docs/configuration.md, or watch a machine boot: railhead lab']),
        '',
        '',
      ].join('\n'),
    );
  }
  const reload = async (): Promise<void> => {
    log.info('SIGHUP: the catalog, tokens, certificates and the file of the log are read again');
    await app.reload();
    log.info('reloaded');
  };
  process.on('SIGHUP', () => void reload());
  await endOf(log);
  await app.stop();
  log.info('stopped');
}

function openLog<T>(open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw new Error(`log.file: cannot be written: ${(error as Error).message}`, { cause: error });
  }
}

/** Resolves when the process receives a signal to end. */
function endOf(log: Logger): Promise<void> {
  return new Promise<void>((resolve) => {
    let ending = false;
    const end = (signal: NodeJS.Signals): void => {
      if (!ending) log.info({ signal }, 'stopping');
      ending = true;
      resolve();
    };
    // npm forwards a Ctrl-C that the terminal has already sent, so the same signal arrives twice.
    process.on('SIGTERM', end);
    process.on('SIGINT', end);
  });
}

function toFlags(options: ServeOptions): string[] {
  const flags: string[] = [];
  const text = (key: string, value: string | undefined): void => {
    if (value !== undefined) flags.push(`${key}=${JSON.stringify(value)}`);
  };
  text('catalog.dir', options.dir);
  if (options.httpListen !== undefined) flags.push(`http.listen=${JSON.stringify(options.httpListen)}`);
  text('operator.listen', options.operatorListen);
  text('store.file', options.store);
  text('log.level', options.logLevel);
  return [...flags, ...options.set];
}

function collect(value: string, previous: readonly string[]): string[] {
  return [...previous, value];
}
