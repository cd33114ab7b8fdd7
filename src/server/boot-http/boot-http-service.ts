import type { Endpoint } from '../../protocol/endpoint.ts';
import type { Ipv4Cidr } from '../../protocol/ipv4-cidr.ts';
import { type BootAnswerParts, BootAnswers } from './boot-answers.ts';
import { type BootHttpParts, BootHttpServer } from './boot-http-server.ts';
import { RequestReader } from './read-request.ts';

/** What the boot plane over HTTP is put together from. */
export interface BootHttpServiceParts
  extends Omit<BootHttpParts, 'answers' | 'reader' | 'connections' | 'requestsPerSource'>, BootAnswerParts {
  readonly settings: {
    readonly listen: readonly Endpoint[];
    readonly public_url?: string | undefined;
    readonly trusted_proxies: readonly Ipv4Cidr[];
    readonly connections: number;
    readonly requests_per_source: number;
  };
}

/** The boot plane over HTTP, listening. */
export interface BootHttpService {
  readonly endpoints: readonly Endpoint[];
  /** Stops listening, lets requests finish for `graceMs`, and resolves when the last connection is closed. */
  close(graceMs: number): Promise<void>;
}

/** Starts the boot plane over HTTP. Rejects with an Error that names the port and what is in the way. */
export async function startBootHttp(parts: BootHttpServiceParts): Promise<BootHttpService> {
  const { settings } = parts;
  const server = new BootHttpServer({
    ...parts,
    answers: new BootAnswers(parts),
    reader: new RequestReader({
      publicUrl: settings.public_url,
      trustedProxies: settings.trusted_proxies,
    }),
    connections: settings.connections,
    requestsPerSource: settings.requests_per_source,
  });
  const endpoints: Endpoint[] = [];
  try {
    for (const wanted of settings.listen) endpoints.push(await server.listen(wanted));
  } catch (error) {
    await server.close(0);
    throw error;
  }
  return { endpoints, close: (graceMs) => server.close(graceMs) };
}
