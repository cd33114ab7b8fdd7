import type { InterfaceWatcher } from '../../host/interface-watcher.ts';
import { type Endpoint, formatEndpoint } from '../../protocol/endpoint.ts';
import { type BootAnswerParts, BootAnswers } from './boot-answers.ts';
import { type BootHttpParts, BootHttpServer } from './boot-http-server.ts';
import type { BootLifeParts } from './boot-life-parts.ts';
import { type BootRouteParts, bootRoutes } from './boot-routes.ts';
import { DocumentLife } from './document-life.ts';
import { GrubConfigFiles } from './grub-config-files.ts';
import { MachineHistory, type MachineHistoryParts } from './machine-history.ts';
import { RequestReader, type RequestSettings } from './read-request.ts';
import { ScriptLife } from './script-life.ts';
import type { TakeReportParts } from './take-report.ts';

/** Error codes of the kernel for an address that no interface has. */
const NO_SUCH_ADDRESS = 'EADDRNOTAVAIL';

/** What the boot plane over HTTP depends on. */
export interface BootHttpServiceParts
  extends
    Omit<BootHttpParts, 'routes' | 'reader' | 'connections' | 'downloads' | 'requestsPerSource'>,
    Omit<BootRouteParts, 'answers' | 'documents' | 'grubConfigs' | 'history' | 'reporting' | 'scripts'>,
    MachineHistoryParts,
    BootAnswerParts,
    BootLifeParts,
    Pick<TakeReportParts, 'reports'> {
  readonly settings: RequestSettings &
    Pick<BootHttpParts, 'connections' | 'downloads' | 'requestsPerSource'> & {
      readonly listen: readonly Endpoint[];
    };
  /** Notifies of changes of this host's addresses. */
  readonly watcher: Pick<InterfaceWatcher, 'follow'>;
}

/** The boot plane over HTTP, listening. */
export interface BootHttpService {
  /** Includes addresses that no interface has yet: the service listens on them as soon as one has. */
  readonly endpoints: readonly Endpoint[];
  /** Addresses that are not listened on yet, each in a sentence. */
  readonly waiting: () => readonly string[];
  /** The files in which GRUB looks for its configuration, which TFTP serves as well. */
  readonly grubConfigs: GrubConfigFiles;
  /** Stops listening, lets requests finish for `graceMs`, and resolves when the last connection is closed. */
  close(graceMs: number): Promise<void>;
}

/** Starts the boot plane over HTTP. Rejects with an Error that names the port and the cause. */
export async function startBootHttp(parts: BootHttpServiceParts): Promise<BootHttpService> {
  const { log, settings, watcher } = parts;
  const answers = new BootAnswers(parts);
  const scripts = new ScriptLife(parts, answers);
  const documents = new DocumentLife(parts, answers);
  const grubConfigs = new GrubConfigFiles({ scripts, machines: parts.machines, findMac: parts.findMac });
  const history = new MachineHistory(parts);
  const server = new BootHttpServer({
    ...parts,
    routes: bootRoutes({
      answers,
      scripts,
      documents,
      grubConfigs,
      readiness: parts.readiness,
      assets: parts.assets,
      bootPrograms: parts.bootPrograms,
      withhold: parts.withhold,
      history,
      reporting: { ...parts, history, decide: (request) => answers.decide(request) },
      nowMs: parts.nowMs,
    }),
    reader: new RequestReader(settings),
    connections: settings.connections,
    downloads: settings.downloads,
    requestsPerSource: settings.requestsPerSource,
  });
  const endpoints: Endpoint[] = [];
  const waiting = new Set<Endpoint>();
  for (const wanted of settings.listen) {
    try {
      endpoints.push(await server.listen(wanted));
    } catch (error) {
      if (!isForMissingAddress(error)) {
        await server.close(0);
        throw error;
      }
      endpoints.push(wanted);
      waiting.add(wanted);
      log.warn(
        { local: formatEndpoint(wanted) },
        'http does not listen on this address yet: no interface has it; listening starts as soon as one does',
      );
    }
  }
  const unfollow = watcher.follow(async () => {
    for (const wanted of waiting) {
      try {
        await server.listen(wanted);
      } catch (error) {
        if (isForMissingAddress(error)) continue;
        throw error;
      }
      waiting.delete(wanted);
      log.info({ local: formatEndpoint(wanted) }, 'http listens on a new address');
    }
  });
  return {
    endpoints,
    waiting: () =>
      [...waiting].map(
        (wanted) => `http does not listen on ${formatEndpoint(wanted)} yet: no interface has this address`,
      ),
    grubConfigs,
    close: async (graceMs) => {
      unfollow();
      await server.close(graceMs);
    },
  };
}

function isForMissingAddress(error: unknown): boolean {
  const { cause } = error as Error;
  return cause instanceof Error && 'code' in cause && cause.code === NO_SUCH_ADDRESS;
}
