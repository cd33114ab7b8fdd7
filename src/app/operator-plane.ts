import path from 'node:path';
import type { Endpoint } from '../protocol/endpoint.ts';
import { controlSocketFile } from '../config/sections/operator.ts';
import { ControlSocketServer } from '../server/control-socket/control-socket-server.ts';
import { viewNetworks } from '../server/operator-http/network-view.ts';
import { OperatorHttpServer } from '../server/operator-http/operator-http-server.ts';
import { TokenFile } from '../server/operator-http/token-file.ts';
import { composeMachineControl } from './compose-machine-control.ts';
import type { BootPlane } from './boot-plane.ts';
import type { Services } from './services.ts';
import type { Environment } from './environment.ts';
import type { SharedServices } from './shared-services.ts';

/** The API for people and programs, listening. */
export interface OperatorPlane {
  readonly endpoint: Endpoint;
  /** The file with the token that every request needs. */
  readonly tokenFile: string;
}

/** Starts the socket for `railhead machines` on this host, unless the settings turn it off. */
async function startControlSocket(
  environment: Environment,
  shared: SharedServices,
  services: Services,
): Promise<void> {
  const { log, settings } = environment;
  const file = controlSocketFile(settings);
  if (file === undefined) return;
  const server = new ControlSocketServer({ control: composeMachineControl(shared, environment), log });
  try {
    await server.listen(file);
  } catch (error) {
    // A place that nobody chose must not keep the machines from booting.
    if (settings.operator.socket !== undefined) throw error;
    log.warn(`${(error as Error).message}; \`railhead machines\` cannot be used`);
    return;
  }
  services.add('control socket', server);
}

/** Starts the API for people and programs, and returns its address; undefined if the settings turn it off. */
export async function startOperatorPlane(
  environment: Environment,
  shared: SharedServices,
  bootPlane: BootPlane,
  services: Services,
): Promise<OperatorPlane | undefined> {
  const { clock, counters, log, settings } = environment;
  const { catalog, discovered, engine, machines, readiness, store, subnets } = shared;
  await startControlSocket(environment, shared, services);
  const { hosts, listen, token_file: named } = settings.operator;
  if (listen === null) return undefined;
  const file = named ?? path.join(path.dirname(settings.store.file), 'operator.token');
  const tokenFile = new TokenFile({ file, named: named !== undefined }, log);
  services.add('operator token', { close: () => undefined, reload: () => tokenFile.reload() });
  const server = new OperatorHttpServer({
    catalogStatus: () => catalog.status(),
    machines: () => machines.list(),
    groupOfDiscovered: (mac) => discovered.groupOf(mac),
    // Without DHCP the engine has loaded no leases, and the store has those of earlier.
    leases: async () =>
      bootPlane.dhcp === undefined ? store.leases.loadLeases() : engine.listLeases(clock.moment()),
    endLease: (address) => bootPlane.dhcp?.endLease(address) ?? Promise.resolve('no_lease'),
    networks: () => {
      const moment = clock.moment();
      return viewNetworks(subnets, engine.usage(moment), engine.foreignServers(moment));
    },
    events: store.events,
    sessions: store.sessions,
    discovered: store.discovered,
    counters,
    token: () => tokenFile.token,
    hosts,
    readiness: () => readiness.check(),
    log,
  });
  services.add('operator HTTP', server);
  const endpoint = await server.listen(listen);
  readiness.started('the API');
  return { endpoint, tokenFile: file };
}
