import type { Logger } from 'pino';
import type { Settings } from '../config/schema.ts';
import { Counters } from '../limits/counters.ts';
import { Metrics } from '../metrics/metrics.ts';
import type { LineOutput } from '../log/line-output.ts';
import { type Endpoint, formatEndpoint } from '../protocol/endpoint.ts';
import type { PassedSocket } from '../server/udp/socket-activation.ts';
import { startBootPlane } from './boot-plane.ts';
import { type Clock, SYSTEM_CLOCK } from './clock.ts';
import { PROGRAM_PARTS, type ReplaceableParts } from './replaceable-parts.ts';
import { type OperatorPlane, startOperatorPlane } from './operator-plane.ts';
import { Services } from './services.ts';
import type { Environment } from './environment.ts';
import { startSharedServices } from './shared-services.ts';
import { wantedParts } from './wanted-parts.ts';

/** What the program is started with. */
export interface AppOptions {
  readonly settings: Settings;
  readonly log: Logger;
  /** Where the log is written: a reload reopens its file, and lost lines are counted. */
  readonly logOutput?: LineOutput;
  /** Sockets that systemd opened for DHCP. */
  readonly passedSockets?: readonly PassedSocket[];
  /** The system's, except in tests. */
  readonly clock?: Clock;
  /** The program's own, except for those that a test replaces. */
  readonly parts?: Partial<ReplaceableParts>;
}

/** A running Railhead. */
export interface App {
  /** The addresses of the boot plane. */
  readonly http: readonly Endpoint[];
  /** The address of the operator plane, if it is on, and the file with its token. */
  readonly operator: OperatorPlane | undefined;
  /** Reads the catalog, tokens and certificates again, and reopens the log's file. Invalid ones are not used. */
  reload(): Promise<void>;
  /**
   * Stops everything in reverse order: first new requests are refused, then running ones are finished, then the store
   * is closed.
   */
  stop(): Promise<void>;
}

/**
 * Assembles and starts Railhead: the shared services, then the boot plane, then the operator plane. Rejects with an
 * Error whose message names the cause; parts that were already started are stopped again.
 */
export async function startApp(options: AppOptions): Promise<App> {
  const { clock = SYSTEM_CLOCK, log, logOutput, passedSockets = [], settings } = options;
  const counters = new Counters();
  logOutput?.onLoss((lines) => counters.add('log_lines_lost', '', lines));
  const parts = { ...PROGRAM_PARTS, ...options.parts };
  const metrics = new Metrics(counters, log);
  const environment: Environment = { settings, log, counters, metrics, clock, parts };
  const services = new Services();
  if (logOutput !== undefined) {
    services.add('log', { close: () => undefined, reload: () => logOutput.reopen() });
  }
  try {
    const shared = await startSharedServices(environment, services);
    const wanted = wantedParts(settings, passedSockets);
    shared.readiness.expect(wanted);
    const bootPlane = await startBootPlane(environment, shared, { wanted, passedSockets }, services);
    const operator = await startOperatorPlane(environment, shared, bootPlane, services);
    const places = {
      http: bootPlane.http.map(formatEndpoint),
      ...(operator && { operator: formatEndpoint(operator.endpoint), token_file: operator.tokenFile }),
    };
    log.info(places, 'railhead is ready');
    return {
      http: bootPlane.http,
      operator,
      reload: () => services.reload(log),
      stop: () => {
        shared.readiness.stopping();
        return services.close();
      },
    };
  } catch (error) {
    await services.close();
    throw error;
  }
}
