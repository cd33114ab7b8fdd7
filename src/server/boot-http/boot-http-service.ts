import type { Endpoint } from '../../protocol/endpoint.ts';
import type { Ipv4Cidr } from '../../protocol/ipv4-cidr.ts';
import { type BootAnswerParts, BootAnswers } from './boot-answers.ts';
import { type BootHttpParts, BootHttpServer } from './boot-http-server.ts';
import { type BootRouteParts, bootRoutes } from './boot-routes.ts';
import { GrubConfigFiles } from './grub-config-files.ts';
import { MachineHistory, type MachineHistoryParts } from './machine-history.ts';
import { RequestReader } from './read-request.ts';

const MEGABYTE = 1024 * 1024;

/** What the boot plane over HTTP is put together from. */
export interface BootHttpServiceParts
  extends
    Omit<BootHttpParts, 'routes' | 'reader' | 'connections' | 'downloads' | 'requestsPerSource'>,
    Omit<BootRouteParts, 'answers' | 'grubConfigs' | 'history'>,
    MachineHistoryParts,
    BootAnswerParts {
  readonly settings: {
    readonly listen: readonly Endpoint[];
    readonly public_url?: string | undefined;
    readonly trusted_proxies: readonly Ipv4Cidr[];
    readonly connections: number;
    readonly connections_per_source: number;
    readonly downloads_per_source: number;
    readonly download_memory: number;
    readonly download_rate_min: number;
    readonly requests_per_source: number;
  };
}

/** The boot plane over HTTP, listening. */
export interface BootHttpService {
  readonly endpoints: readonly Endpoint[];
  /** The files by which GRUB finds its configuration, for TFTP to serve as well. */
  readonly grubConfigs: GrubConfigFiles;
  /** Stops listening, lets requests finish for `graceMs`, and resolves when the last connection is closed. */
  close(graceMs: number): Promise<void>;
}

/** Starts the boot plane over HTTP. Rejects with an Error that names the port and what is in the way. */
export async function startBootHttp(parts: BootHttpServiceParts): Promise<BootHttpService> {
  const { settings } = parts;
  const answers = new BootAnswers(parts);
  const grubConfigs = new GrubConfigFiles({ answers, machines: parts.machines, findMac: parts.findMac });
  const server = new BootHttpServer({
    ...parts,
    routes: bootRoutes({
      answers,
      grubConfigs,
      readiness: parts.readiness,
      assets: parts.assets,
      bootPrograms: parts.bootPrograms,
      withhold: parts.withhold,
      history: new MachineHistory(parts),
    }),
    reader: new RequestReader({
      publicUrl: settings.public_url,
      trustedProxies: settings.trusted_proxies,
    }),
    connections: { total: settings.connections, perSource: settings.connections_per_source },
    downloads: {
      perSource: settings.downloads_per_source,
      bytesInFlight: settings.download_memory * MEGABYTE,
      rateMin: settings.download_rate_min,
    },
    requestsPerSource: settings.requests_per_source,
  });
  const endpoints: Endpoint[] = [];
  try {
    for (const wanted of settings.listen) endpoints.push(await server.listen(wanted));
  } catch (error) {
    await server.close(0);
    throw error;
  }
  return {
    endpoints,
    grubConfigs,
    close: (graceMs) => server.close(graceMs),
  };
}
