import { performance } from 'node:perf_hooks';
import pino from 'pino';
import type { Ipv4Address } from '../../../src/protocol/ipv4-address.ts';
import { InterfaceWatcher } from '../../../src/host/interface-watcher.ts';
import { Counters } from '../../../src/limits/counters.ts';
import type { TftpContent } from '../../../src/server/tftp/content/tftp-content.ts';
import { TftpServer, type TftpServerParts } from '../../../src/server/tftp/tftp-server.ts';
import type { TftpSettings } from '../../../src/server/tftp/tftp-settings.ts';
import { RecordedEvents } from '../../fakes/recorded-events.ts';

/** One line of the log. */
export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A server on a port that the kernel chose, with its log lines, counters and events. */
export interface TestServer {
  readonly server: TftpServer;
  readonly port: number;
  readonly counters: Counters;
  readonly events: RecordedEvents;
  readonly lines: LogLine[];
}

const running: TestServer[] = [];

/** Closes all servers of this file's tests; for `afterEach`. */
export async function closeTestServers(): Promise<void> {
  for (const { server } of running.splice(0)) await server.close(0);
}

/** Starts a server of `content` on 127.0.0.1. `closeTestServers` ends it. */
export async function startTestServer(
  content: TftpContent,
  settings: Partial<TftpSettings> = {},
  parts: Partial<TftpServerParts> = {},
): Promise<TestServer> {
  const counters = new Counters();
  const events = new RecordedEvents();
  const lines: LogLine[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => lines.push(JSON.parse(line) as LogLine) });
  const server = await TftpServer.start({
    listeners: [{ address: '127.0.0.1' as Ipv4Address, port: 0 }],
    settings: { blksizeMax: 1468, ...settings },
    serves: () => true,
    watcher: new InterfaceWatcher(log),
    content,
    log,
    counters,
    events,
    findMac: () => undefined,
    now: () => performance.now(),
    date: () => new Date(),
    ...parts,
  });
  const started = { server, port: server.addresses[0]!.port, counters, events, lines };
  running.push(started);
  return started;
}

/** A clock that the test advances; for `parts.now`. */
export class TestClock {
  ms = 0;
  readonly now = (): number => this.ms;
}

/** Content from a table of names. */
export function contentOf(files: Readonly<Record<string, Uint8Array>>): TftpContent {
  return {
    open: ({ path }) => {
      const bytes = files[path];
      return bytes === undefined ? { kind: 'not-found' } : { kind: 'bytes', name: path, bytes };
    },
  };
}
