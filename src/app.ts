import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Logger } from 'pino';
import { Catalog } from './catalog/catalog.ts';
import { loadCatalog } from './catalog/load-catalog.ts';
import type { Endpoint, Settings } from './config/schema.ts';
import { toDhcpPolicy, toSubnets } from './config/to-subnets.ts';
import { supportedArchitectures } from './provision/boot-programs.ts';
import type { BootEvent } from './provision/boot-event.ts';
import { bootIpxeScript } from './provision/ipxe-script.ts';
import { BootSessions } from './provision/boot-session.ts';
import { DhcpEngine } from './provision/dhcp/dhcp-engine.ts';
import { reviewReservations } from './provision/dhcp/leases/review-reservations.ts';
import { reviewSubnet } from './provision/dhcp/subnets/review-subnet.ts';
import type { Reservations } from './provision/dhcp/leases/reservations.ts';
import { BootEventRecorder } from './server/boot-events.ts';
import { EventBudget } from './server/event-budget.ts';
import { BootAnswers } from './server/boot-http/boot-answers.ts';
import { BootHttpServer } from './server/boot-http/boot-http-server.ts';
import { RequestReader } from './server/boot-http/read-request.ts';
import { composeBootPlan } from './server/boot-plans.ts';
import { type BootProgramFile, findBootPrograms } from './server/boot-program-files.ts';
import { ClientAddresses } from './server/client-addresses.ts';
import { Counters } from './server/counters.ts';
import { currentMoment, type DhcpService, startDhcp } from './server/dhcp/dhcp-service.ts';
import { DiscoveredMachines } from './server/discovered-machines.ts';
import { HistoryPruner } from './server/history-pruner.ts';
import { OperatorHttpServer } from './server/operator-http/operator-http-server.ts';
import { startTftp } from './server/tftp/tftp-service.ts';
import { ServedNetworks } from './server/served-networks.ts';
import type { PassedSocket } from './server/udp/socket-activation.ts';
import { ThreadedStore } from './store/threaded-store.ts';

/** What the program is started with. */
export interface AppOptions {
  readonly settings: Settings;
  readonly log: Logger;
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
  { log, passedSockets, settings }: AppOptions,
  stops: (() => Promise<void> | void)[],
): Promise<Omit<App, 'stop'>> {
  const now = (): Date => new Date();
  const counters = new Counters();

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

  const reservations: Reservations = {
    findMachine: (identity) => catalog.generation?.machineIndex.findMachine(identity),
    findReserved: (address) => catalog.generation?.machineIndex.findReserved(address),
  };
  const httpPort = settings.http.listen[0]?.port ?? 8080;
  const originFor = (address: string): string => settings.http.public_url ?? `http://${address}:${httpPort}`;
  const programNames: ReadonlySet<string> = new Set(programs.keys());
  const subnets = toSubnets(settings.networks);
  for (const subnet of subnets) {
    for (const warning of reviewSubnet(subnet)) log.warn({ network: subnet.id }, warning);
  }
  const engine = new DhcpEngine({
    subnets,
    policy: toDhcpPolicy(settings.dhcp),
    reservations,
    findBootPlan: (query) =>
      composeBootPlan(
        {
          generation: () => catalog.generation,
          programs: programNames,
          requireOwnIpxe: settings.boot_programs.require_own_ipxe,
          originFor,
        },
        query,
      ),
  });
  const reviewMachines = (): void => {
    for (const warning of reviewReservations(catalog.generation?.machines ?? [], subnets)) log.warn(warning);
  };
  reviewMachines();
  catalog.onLoad(() => {
    engine.reservationsChanged();
    reviewMachines();
  });
  const events = new BootEventRecorder({
    store,
    sessions: new BootSessions(randomUUID),
    budget: new EventBudget((event) => isKnown(event, reservations, engine)),
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
  const boot = new BootHttpServer({
    answers: new BootAnswers({
      generation: () => catalog.generation,
      unmatched: settings.unmatched,
      pollSeconds: settings.poll_seconds,
      findLease: (address) => clients.findLease(address),
      discovered: (request, resolution) => discovered.note(request, resolution),
    }),
    serves: (address) => served.serves(address),
    reader: new RequestReader({
      publicUrl: settings.http.public_url,
      trustedProxies: settings.http.trusted_proxies,
    }),
    assets,
    bootPrograms: programs,
    events,
    findMac: (address) => clients.findMac(address),
    counters,
    log,
    now,
    connections: settings.http.connections,
    requestsPerSource: settings.http.requests_per_source,
  });
  stops.push(() => boot.close(STOP_GRACE_MS));
  const http: Endpoint[] = [];
  for (const wanted of settings.http.listen)
    http.push(await listenAt('http.listen', wanted, (host, port) => boot.listen(host, port)));

  let dhcp: DhcpService | undefined;
  let operator: Endpoint | undefined;
  if (settings.operator.listen !== null) {
    const token = readToken(settings.operator.token_file);
    const server = new OperatorHttpServer({
      catalogStatus: () => catalog.status(),
      machines: () => catalog.generation?.machines ?? [],
      leases: () =>
        dhcp === undefined ? store.loadLeases() : Promise.resolve(engine.listLeases(currentMoment())),
      store,
      counters,
      ...(token !== undefined && { token }),
      log,
    });
    stops.push(() => server.close());
    operator = await listenAt('operator.listen', settings.operator.listen, (host, port) =>
      server.listen(host, port),
    );
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
    { http: http.map(formatEndpoint), ...(operator && { operator: formatEndpoint(operator) }) },
    'railhead is ready',
  );
  return { http, operator };
}

/** `10.0.0.2:8080`, with brackets around IPv6 addresses. */
export function formatEndpoint({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

async function listenAt(
  key: string,
  wanted: Endpoint,
  listen: (host: string, port: number) => Promise<{ port: number }>,
): Promise<Endpoint> {
  try {
    const { port } = await listen(wanted.host, wanted.port);
    return { host: wanted.host, port };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reasons: Readonly<Record<string, string>> = {
      EADDRINUSE: 'another program has this port',
      EACCES: 'ports below 1024 need root or CAP_NET_BIND_SERVICE',
      EADDRNOTAVAIL: 'this host has no such address',
    };
    const reason = reasons[code ?? ''] ?? message;
    throw new Error(`${key}: cannot listen on ${formatEndpoint(wanted)}: ${reason}`, { cause: error });
  }
}

function announceBootPrograms(programs: ReadonlyMap<string, BootProgramFile>, log: Logger): void {
  const support = supportedArchitectures(new Set(programs.keys()));
  const can = support.filter(({ program }) => program !== undefined);
  const cannot = support.filter(({ program }) => program === undefined);
  log.info(
    {
      can: Object.fromEntries(can.map(({ instructionSet, program }) => [instructionSet, program ?? ''])),
      cannot: cannot.map(
        ({ instructionSet, candidates }) =>
          `${instructionSet} (needs ${candidates.slice(0, 2).join(' or ')})`,
      ),
    },
    can.length === 0
      ? 'no boot programs found: install the package ipxe, or put some into assets/boot'
      : 'boot programs',
  );
}

function readToken(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  const token = readFileSync(file, 'utf8').trim();
  if (token.length < 16)
    throw new Error(`operator.token_file: the token in ${file} has fewer than 16 characters`);
  return token;
}

/** Whether an event is of a machine that a file declares, or that has a lease of ours. */
function isKnown(
  { address, mac, machineId }: BootEvent,
  reservations: Reservations,
  engine: DhcpEngine,
): boolean {
  if (machineId !== undefined) return true;
  if (mac === undefined) return false;
  if (reservations.findMachine({ mac }) !== undefined) return true;
  const lease = address === undefined ? undefined : engine.findLease(address, currentMoment());
  return lease?.state === 'bound' && lease.chaddr === mac;
}
