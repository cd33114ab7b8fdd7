import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Catalog } from '../catalog/catalog.ts';
import { loadCatalog } from '../catalog/load-catalog.ts';
import type { Settings } from '../config/schema.ts';
import { toDhcpPolicy } from '../config/sections/dhcp.ts';
import { toSubnets } from '../config/sections/networks.ts';
import { type Endpoint, formatEndpoint } from '../protocol/endpoint.ts';
import type { BootEvent } from '../provision/history/boot-event.ts';
import { BootSessions } from '../provision/history/boot-session.ts';
import { DhcpEngine } from '../provision/dhcp/dhcp-engine.ts';
import { reviewReservations } from '../provision/dhcp/leases/review-reservations.ts';
import { reviewSubnet } from '../provision/dhcp/subnets/review-subnet.ts';
import type { Subnet } from '../provision/dhcp/subnets/subnet.ts';
import { bootIpxeScript } from '../provision/rendering/ipxe-script.ts';
import { BootEventRecorder } from '../history/boot-event-recorder.ts';
import { startBootHttp } from '../server/boot-http/boot-http-service.ts';
import { type BootPlanParts, composeBootPlan } from './compose-boot-plan.ts';
import { announceBootPrograms, findBootPrograms } from '../host/boot-program-files.ts';
import { ClientAddresses } from '../host/client-addresses.ts';
import { Counters } from '../limits/counters.ts';
import { currentMoment, type DhcpService, startDhcp } from '../server/dhcp/dhcp-service.ts';
import type { LineOutput } from '../log/line-output.ts';
import { DiscoveredMachines } from '../machines/discovered-machines.ts';
import { FILES_SOURCE, MachineRegistry } from '../machines/machine-registry.ts';
import { EventBudget } from '../provision/history/event-budget.ts';
import { HistoryPruner } from '../history/history-pruner.ts';
import { viewNetworks } from '../server/operator-http/network-view.ts';
import { OperatorHttpServer } from '../server/operator-http/operator-http-server.ts';
import { readToken } from '../server/operator-http/read-token.ts';
import { ServedNetworks } from '../host/served-networks.ts';
import { startTftp } from '../server/tftp/tftp-service.ts';
import type { PassedSocket } from '../server/udp/socket-activation.ts';
import { ThreadedStore } from '../store/threaded-store.ts';

/** What the program is started with. */
export interface AppOptions {
  readonly settings: Settings;
  readonly log: Logger;
  /** Where the log is written, for the count of lines that are lost. */
  readonly logOutput: LineOutput;
  /** Sockets that systemd opened for DHCP. */
  readonly passedSockets: readonly PassedSocket[];
}

/** Railhead, running. */
export interface App {
  /** Where the boot plane listens. */
  readonly http: readonly Endpoint[];
  /** Where the operator plane listens, if anywhere. */
  readonly operator: Endpoint | undefined;
  /** Stops everything in reverse order: no new work, then what was begun, then the store. */
  stop(): Promise<void>;
}

/** Requests that are being answered get this long to end. */
const STOP_GRACE_MS = 5_000;

/**
 * Puts Railhead together and starts it: store, catalog, then the listeners. Rejects with an Error whose message names
 * what is in the way; what was already started is stopped again.
 */
export async function startApp(options: AppOptions): Promise<App> {
  const stops: (() => Promise<void> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (const one of stops.splice(0).reverse()) await one();
  };
  try {
    return { ...(await start(options, stops)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  { log, logOutput, passedSockets, settings }: AppOptions,
  stops: (() => Promise<void> | void)[],
): Promise<Omit<App, 'stop'>> {
  const now = (): Date => new Date();
  const counters = new Counters();
  logOutput.onLoss((lines) => counters.add('log_lines_lost', '', lines));

  const store = await ThreadedStore.open(settings.store);
  stops.push(() => store.close());
  const { discovered_max: discoveredMax, event_days: eventDays, events_max: eventsMax } = settings.store;
  const pruner = new HistoryPruner(store, { discoveredMax, eventDays, eventsMax }, log, now);
  pruner.start();
  stops.push(() => pruner.stop());

  const catalog = new Catalog({
    directory: settings.catalog.dir,
    load: () => loadCatalog(settings.catalog.dir, now),
    now,
    log,
  });
  await catalog.reload();
  if (settings.catalog.watch) stops.push(await catalog.watch());

  const assets = path.join(settings.catalog.dir, 'assets');
  const programs = findBootPrograms([path.join(assets, 'boot'), ...settings.boot_programs.dirs]);
  announceBootPrograms(programs, log);

  const httpPort = settings.http.listen[0]?.port ?? 8080;
  const originFor = (address: string): string => settings.http.public_url ?? `http://${address}:${httpPort}`;
  const machines = new MachineRegistry(() => performance.now());
  await machines.declareAll(FILES_SOURCE, catalog.machines, nextTurn);
  const subnets = toSubnets(settings.networks);
  const plan: BootPlanParts = {
    generation: () => catalog.generation,
    programs: new Set(programs.keys()),
    requireOwnIpxe: settings.boot_programs.require_own_ipxe,
    originFor,
  };
  const engine = new DhcpEngine({
    subnets,
    policy: toDhcpPolicy(settings.dhcp),
    reservations: machines,
    findBootPlan: (query) => composeBootPlan(plan, query),
  });
  followMachines(catalog, machines, engine, subnets, log);

  const events = new BootEventRecorder({
    store,
    sessions: new BootSessions(randomUUID),
    budget: new EventBudget((event) => isKnown(event, machines, engine)),
    counters,
    log,
    nowMs: () => performance.now(),
  });
  stops.push(() => events.flush());
  const clients = new ClientAddresses(
    {
      findLease: (address) => engine.findLease(address, currentMoment()),
      findForeignMac: (address) => engine.findForeignMac(address),
    },
    () => performance.now(),
  );

  const served = new ServedNetworks(
    [...subnets.map(({ cidr }) => cidr.text), ...settings.served_networks],
    () => performance.now(),
  );
  const discovered = new DiscoveredMachines(store, events, log, now);
  const http = await startBootHttp({
    settings: settings.http,
    generation: () => catalog.generation,
    identify: (claims) => machines.identify(claims),
    unmatched: settings.unmatched,
    pollSeconds: settings.poll_seconds,
    findLease: (address) => clients.findLease(address),
    discovered: ({ remoteAddress }, resolution) => discovered.note({ ...resolution, remoteAddress }),
    serves: (address) => served.serves(address),
    assets,
    bootPrograms: programs,
    events,
    findMac: (address) => clients.findMac(address),
    counters,
    log,
    now,
  });
  stops.push(() => http.close(STOP_GRACE_MS));

  let dhcp: DhcpService | undefined;
  let operator: Endpoint | undefined;
  if (settings.operator.listen !== null) {
    const token = readToken(settings.operator.token_file);
    const server = new OperatorHttpServer({
      catalogStatus: () => catalog.status(),
      machines: () => [...machines.machines()],
      leases: () =>
        dhcp === undefined ? store.loadLeases() : Promise.resolve(engine.listLeases(currentMoment())),
      networks: () => {
        const moment = currentMoment();
        return viewNetworks(subnets, engine.usage(moment), engine.foreignServers(moment));
      },
      store,
      counters,
      ...(token !== undefined && { token }),
      log,
    });
    stops.push(() => server.close());
    operator = await server.listen(settings.operator.listen);
  }

  if (settings.tftp.enabled) {
    const tftp = await startTftp({
      settings: settings.tftp,
      programs,
      serves: (address) => served.serves(address),
      bootScript: (address) => bootIpxeScript(originFor(address)),
      findMac: (address) => clients.findMac(address),
      events,
      counters,
      log,
    });
    stops.push(() => tftp.close(STOP_GRACE_MS));
  } else {
    log.info('TFTP is off: set tftp.enabled for machines whose firmware boots from it');
  }

  if (settings.dhcp.interfaces.length > 0 || passedSockets.length > 0) {
    const started = await startDhcp({
      engine,
      store,
      events,
      counters,
      log,
      sockets: {
        interfaces: settings.dhcp.interfaces,
        sharePorts: settings.dhcp.share_ports,
        passedSockets,
      },
    });
    stops.push(() => started.close());
    dhcp = started;
  } else {
    log.info('DHCP is off: name an interface in dhcp.interfaces to answer it');
  }
  log.info(
    { http: http.endpoints.map(formatEndpoint), ...(operator && { operator: formatEndpoint(operator) }) },
    'railhead is ready',
  );
  return { http: http.endpoints, operator };
}

/** Takes over the machines that files declare whenever they are read, and warns of what in networks and machines cannot work. */
function followMachines(
  catalog: Catalog,
  machines: MachineRegistry,
  engine: DhcpEngine,
  subnets: readonly Subnet[],
  log: Logger,
): void {
  for (const subnet of subnets) {
    for (const warning of reviewSubnet(subnet)) log.warn({ network: subnet.id }, warning);
  }
  const reviewMachines = (): void => {
    for (const warning of reviewReservations(machines.machines(), subnets)) log.warn(warning);
  };
  reviewMachines();
  machines.onChange(() => engine.reservationsChanged());
  catalog.onLoad(() => {
    void machines.declareAll(FILES_SOURCE, catalog.machines, nextTurn).then(reviewMachines);
  });
}

/** Whether an event is of a machine that a file declares, or that has a lease of ours. */
function isKnown(
  { address, mac, machineId }: BootEvent,
  machines: MachineRegistry,
  engine: DhcpEngine,
): boolean {
  if (machineId !== undefined) return true;
  if (mac === undefined) return false;
  if (machines.identify({ mac }).machine !== undefined) return true;
  const lease = address === undefined ? undefined : engine.findLease(address, currentMoment());
  return lease?.state === 'bound' && lease.chaddr === mac;
}
