import type { Endpoint } from '../protocol/endpoint.ts';
import { viewNetworks } from '../server/operator-http/network-view.ts';
import { OperatorHttpServer } from '../server/operator-http/operator-http-server.ts';
import { readToken } from '../server/operator-http/read-token.ts';
import type { BootPlane } from './boot-plane.ts';
import type { Services } from './services.ts';
import type { Environment, SharedServices } from './shared-services.ts';

/** Starts the API for people and systems, and says where it listens; undefined where the settings want none. */
export async function startOperatorPlane(
  { clock, counters, log, settings }: Environment,
  { catalog, engine, machines, store, subnets }: SharedServices,
  bootPlane: BootPlane,
  services: Services,
): Promise<Endpoint | undefined> {
  const { listen, token_file: tokenFile } = settings.operator;
  if (listen === null) return undefined;
  const token = readToken(tokenFile);
  const server = new OperatorHttpServer({
    catalogStatus: () => catalog.status(),
    machines: () => [...machines.machines()],
    // Without DHCP the engine has loaded none, and the store has those of earlier.
    leases: async () => (bootPlane.dhcp ? engine.listLeases(clock.moment()) : store.leases.loadLeases()),
    networks: () => {
      const moment = clock.moment();
      return viewNetworks(subnets, engine.usage(moment), engine.foreignServers(moment));
    },
    events: store.events,
    discovered: store.discovered,
    counters,
    ...(token !== undefined && { token }),
    log,
  });
  services.add('operator HTTP', server);
  return server.listen(listen);
}
