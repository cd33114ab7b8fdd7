import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Endpoint, formatEndpoint } from '../protocol/endpoint.ts';

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program has this port',
  EACCES: 'ports below 1024 need root or CAP_NET_BIND_SERVICE',
  EADDRNOTAVAIL: 'this host has no such address',
};

/**
 * Lets an HTTP server listen, and returns its address, since the kernel chooses the port if it is 0. Rejects with an
 * Error that names the setting, the port and the cause.
 */
export async function listenHttp(server: Server, setting: string, wanted: Endpoint): Promise<Endpoint> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(wanted.port, wanted.host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const reason = REASONS[code] ?? message;
    throw new Error(`${setting}: cannot listen on ${formatEndpoint(wanted)}: ${reason}`, { cause: error });
  }
  return { host: wanted.host, port: (server.address() as AddressInfo).port };
}
