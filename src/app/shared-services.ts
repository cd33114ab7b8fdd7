import { randomBytes, randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from 'pino';
import { BootDecider } from '../catalog/boot-decider.ts';
import type { CatalogKeeper } from '../catalog/catalog-keeper.ts';
import { Catalog } from '../catalog/catalog.ts';
import type { Counters } from '../limits/counters.ts';
import type { CatalogPlace } from '../catalog/load-messages.ts';
import type { Settings } from '../config/schema.ts';
import { toLifecycleTimes } from '../config/sections/lifecycle.ts';
import { toSubnets } from '../config/sections/networks.ts';
import { toStoreSettings } from '../config/sections/store.ts';
import { BootEventRecorder } from '../history/boot-event-recorder.ts';
import { SessionTracker } from '../history/session-tracker.ts';
import { HistoryPruner, type PrunableStore } from '../history/history-pruner.ts';
import { TransitionLog } from '../history/transition-log.ts';
import { announceBootPrograms, type BootProgramFile, findBootPrograms } from '../host/boot-program-files.ts';
import { InterfaceWatcher } from '../host/interface-watcher.ts';
import { ClientAddresses } from '../host/client-addresses.ts';
import { ServedNetworks } from '../host/served-networks.ts';
import { ConflictReports } from '../machines/conflict-reports.ts';
import { DiscoveredMachines } from '../machines/discovered-machines.ts';
import type { DhcpEngine } from '../provision/dhcp/dhcp-engine.ts';
import type { Subnet } from '../provision/dhcp/subnets/subnet.ts';
import { type BootEvent, CLAIMED_KINDS } from '../provision/history/boot-event.ts';
import { discoveredMachineId } from '../provision/machines/machine.ts';
import { BootSessions } from '../provision/history/boot-session.ts';
import { EventBudget } from '../provision/history/event-budget.ts';
import { finishInventories, Inventories } from '../machines/inventories.ts';
import { MachineJournal } from '../machines/machine-journal.ts';
import { fromMachineRecord } from '../machines/machine-record.ts';
import { FILES_SOURCE } from '../machines/machine-records.ts';
import { LocalBoots } from '../machines/local-boots.ts';
import { bootFollower } from '../machines/follow-boots.ts';
import { followDeclarations } from '../machines/follow-declarations.ts';
import { type ForgetLimits, Lives } from '../machines/lives.ts';
import { MachineRegistry } from '../machines/machine-registry.ts';
import { SessionTokens } from '../server/boot-http/session-tokens.ts';
import type { LifeStore } from '../store/life-store.ts';
import type { MachineStore } from '../store/machine-store.ts';
import type { Store } from '../store/store.ts';
import { BootOrigins } from './boot-origins.ts';
import type { Clock } from './clock.ts';
import { composeDhcpEngine } from './compose-dhcp-engine.ts';
import type { Environment } from './environment.ts';
import { LeaseFollowers } from './lease-followers.ts';
import { ReadinessChecks } from './readiness-checks.ts';
import type { Services } from './services.ts';

/** The services that both planes use: catalog, machines, store and history. */
export interface SharedServices {
  readonly store: Store;
  readonly catalog: Catalog;
  readonly machines: MachineRegistry;
  /** What writes machines' records and lives, so that readers of transitions get them. */
  readonly announced: Pick<Store, 'inventories' | 'machines'>;
  readonly inventories: Inventories;
  /** The changes of the machines' records, for subscribers. */
  readonly transitions: TransitionLog;
  /** The directory behind `/assets/`. */
  readonly assets: string;
  readonly programs: ReadonlyMap<string, BootProgramFile>;
  readonly origins: BootOrigins;
  readonly subnets: readonly Subnet[];
  readonly engine: DhcpEngine;
  /** Called with changes of leases. */
  readonly leases: LeaseFollowers;
  readonly events: BootEventRecorder;
  /** Follows the boots that are going on. */
  readonly sessions: SessionTracker;
  /** What has happened to each machine, and what that permits. */
  readonly lives: Lives;
  /** Makes and recognises the tokens of boot sessions. */
  readonly tokens: SessionTokens;
  /** How machines boot from their own disks. */
  readonly localBoots: LocalBoots;
  readonly decider: BootDecider;
  readonly discovered: DiscoveredMachines;
  readonly conflicts: ConflictReports;
  readonly clients: ClientAddresses;
  readonly served: ServedNetworks;
  /** Every part that may be unable to serve adds a check here. */
  readonly readiness: ReadinessChecks;
  /** The interfaces of this host, and their changes. */
  readonly watcher: InterfaceWatcher;
}

/** Starts the services that both planes use: the store first, since all others depend on it, then the catalog. */
export async function startSharedServices(
  environment: Environment,
  services: Services,
): Promise<SharedServices> {
  const { clock, counters, log, parts, settings } = environment;
  const { health, store } = await parts.openStore(toStoreSettings(settings.store), {
    log,
    nowMs: clock.nowMs,
  });
  services.add('store', store);
  // Closed after everything that writes transitions, so that subscribers receive the last ones.
  const last = await store.transitions.lastTransition();
  const transitions = services.add('transitions', new TransitionLog(store.transitions, {}, last));
  const announced = { ...store, ...transitions.announcing(store) };
  await finishInventories(announced.inventories);
  const machines = await startMachines(announced.machines, environment, services);
  const inventories = await Inventories.load({
    store: announced.inventories,
    machines,
    log,
    now: clock.now,
    newId: randomUUID,
    pause: nextTurn,
  });
  services.add('inventories', inventories);
  const assets = settings.catalog.assets ?? path.join(settings.catalog.dir, 'assets');
  const place = { directory: settings.catalog.dir, assets, ...networkIds(settings) };
  const catalog = await startCatalog(environment, place, store.catalog, machines, services);
  if (catalog.generation === undefined) requireCatalogFolder(place.directory);

  const programs = findBootPrograms([path.join(assets, 'boot'), ...settings.boot_programs.dirs]);
  announceBootPrograms(programs, log);

  const watcher = services.add('network interfaces', new InterfaceWatcher(log));
  watcher.start();
  const origins = new BootOrigins(settings.http);
  const subnets = toSubnets(settings.networks);
  const lives = await startLives(environment, announced.lives, services);
  followDeclarations(machines, lives, log);
  const forgetLives = (limits: Omit<ForgetLimits, 'isDeclared'>): Promise<number> =>
    lives.forget({ ...limits, isDeclared: (machineId) => machines.find(machineId) !== undefined });
  services.add('history', startPruner({ ...announced, forgetLives }, settings, log, clock));
  const decider = new BootDecider({
    generation: () => catalog.generation,
    unmatched: settings.unmatched,
    lives: {
      inherit: (machineId, cards) => lives.inherit(machineId, cards),
      find: (machineId) => lives.find(machineId),
      of: (machineId, declared) => lives.of(machineId, declared),
      nowMs: () => clock.now().getTime(),
    },
  });
  const localBoots = await LocalBoots.load({
    store: store.localBoots,
    log,
    now: clock.now,
    nowMs: clock.nowMs,
  });
  localBoots.start();
  services.add('local boot', localBoots);
  const leases = await LeaseFollowers.open(environment, store, services);
  const engine = composeDhcpEngine({
    decider,
    leases,
    localBoots,
    log,
    machines,
    origins,
    programs,
    settings,
    subnets,
  });

  const clients = new ClientAddresses(
    {
      findLease: (address) => engine.findLease(address, clock.moment()),
      findForeignMac: (address) => engine.findForeignMac(address),
    },
    clock.nowMs,
  );
  const events = new BootEventRecorder({
    store: store.events,
    sessions: new BootSessions(randomUUID),
    budget: new EventBudget(
      (event) => isKnown(event, machines, engine, clock),
      (event) => isOwn(event, machines, clients),
    ),
    counters,
    findMachineId: (mac) => machines.identify({ mac }).machine?.id,
    log,
    nowMs: clock.nowMs,
  });
  services.add('events', { close: () => events.flush() });
  const follower = bootFollower({
    lives,
    bootsWithoutConfig: (event) => bootsWithoutConfig(event, machines, decider, lives),
  });
  events.onRecorded((event) => follower.note(event));
  events.onRecorded((event) => countEvent(event, counters));
  const sessions = services.add('boot sessions', startSessionTracker(environment, store, events));
  const discovered = new DiscoveredMachines(announced.discovered, events, log, clock.now);
  services.add('discovered machines', { close: () => discovered.flush() });
  transitions.onWritten((written) => {
    discovered.noteWritten(written);
    for (const { kind, machineId } of written) {
      if (kind === 'life.report_up') localBoots.cameUp(machineId);
      if (kind === 'life.deleted') localBoots.forget(machineId);
    }
  });

  const readiness = new ReadinessChecks();
  readiness.add('catalog', () =>
    catalog.generation === undefined
      ? 'the catalog could not be read and no earlier copy is stored, so no machine can boot; run `railhead check` to see why'
      : undefined,
  );
  readiness.add('store', () => health.problem?.message);

  return {
    store,
    readiness,
    catalog,
    machines,
    announced,
    inventories,
    transitions,
    assets,
    programs,
    origins,
    subnets,
    engine,
    leases,
    events,
    sessions,
    lives,
    tokens: new SessionTokens(randomBytes, clock.nowMs),
    localBoots,
    decider,
    conflicts: new ConflictReports(events, clock),
    discovered,
    clients,
    served: new ServedNetworks(
      [...subnets.map(({ cidr }) => cidr.text), ...settings.served_networks],
      clock.nowMs,
    ),
    watcher,
  };
}

/** Without networks DHCP serves nobody, and it says nothing that a group can select no network's clients. */
function networkIds({ networks }: Settings): Pick<CatalogPlace, 'networks'> {
  return networks.length > 0 ? { networks: networks.map(({ id }) => id) } : {};
}

/** An empty folder may get its files later; a missing one without a stored copy is a mistake in a setting. */
function requireCatalogFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new Error(`catalog.dir: there is no folder ${folder}`);
}

async function startLives(
  { clock, counters, log, settings }: Environment,
  store: LifeStore,
  services: Services,
): Promise<Lives> {
  const lives = await Lives.load({
    store,
    counters,
    log,
    now: clock.now,
    nowMs: clock.nowMs,
    limits: toLifecycleTimes(settings.lifecycle),
  });
  lives.start();
  return services.add('lives of machines', lives);
}

/** Follows boot sessions, which are closed before the events that they cause are written. */
function startSessionTracker(
  { clock, counters, log, metrics }: Environment,
  { sessions }: Store,
  events: BootEventRecorder,
): SessionTracker {
  const tracker = new SessionTracker({
    store: sessions,
    events,
    log,
    now: clock.now,
    times: {
      phaseEnded: (phase, seconds) => metrics.observe('railhead_boot_phase_duration_seconds', seconds, phase),
      ended: (outcome, seconds) => {
        counters.add('boot_outcomes', outcome);
        if (outcome === 'done') metrics.observe('railhead_boot_duration_seconds', seconds);
      },
    },
  });
  events.onRecorded((event) => tracker.note(event));
  tracker.start();
  return tracker;
}

function countEvent({ detail, kind }: BootEvent, counters: Counters): void {
  counters.add('boot_events', kind);
  if (kind === 'access.refused' && typeof detail['alarm'] === 'string')
    counters.add('access_refused', detail['alarm']);
}

/** Whether what a machine boots at present has no Ignition config. */
function bootsWithoutConfig(
  { mac, machineId }: BootEvent,
  machines: MachineRegistry,
  decider: BootDecider,
  lives: Lives,
): boolean {
  if (mac === undefined) return false;
  const purpose = lives.find(machineId ?? discoveredMachineId(mac))?.purpose;
  if (purpose === 'install' || purpose === 'reset') return false;
  const found = decider.resolveFor(new Map([['mac', mac]]), machines.identify({ mac }), purpose);
  return found.kind === 'match' && found.match.resolution.match.compiled.profile.ignition.length === 0;
}

function startPruner(store: PrunableStore, { lifecycle, store: keep }: Settings, log: Logger, clock: Clock) {
  const limits = {
    auditDays: lifecycle.audit_days,
    auditMax: lifecycle.audit_max,
    discoveredMax: keep.discovered_max,
    eventDays: keep.event_days,
    eventsMax: keep.events_max,
    lifeDays: keep.life_days,
    reportDays: keep.report_days,
    reportsMax: keep.reports_max,
    sessionDays: keep.session_days,
    sessionsMax: keep.sessions_max,
    transitionDays: keep.transition_days,
    transitionsMax: keep.transitions_max,
  };
  const pruner = new HistoryPruner(store, limits, log, clock.now);
  pruner.start();
  return { close: () => pruner.stop() };
}

async function startCatalog(
  { clock, log, parts, settings }: Environment,
  place: CatalogPlace,
  keeper: CatalogKeeper,
  machines: MachineRegistry,
  services: Services,
): Promise<Catalog> {
  const catalog = new Catalog({
    directory: place.directory,
    loader: parts.catalogLoader(place),
    keeper,
    publish: (declared, swap) => machines.declareAll(FILES_SOURCE, declared, nextTurn, swap),
    now: clock.now,
    log,
  });
  let unwatch: (() => Promise<void>) | undefined;
  services.add('catalog', {
    close: async () => {
      await unwatch?.();
      await catalog.close();
    },
    reload: async () => {
      await catalog.reload();
    },
  });
  await catalog.start();
  if (settings.catalog.watch) unwatch = await catalog.watch();
  return catalog;
}

/** The registry of machines, with what was declared when the program last ran, and its journal. */
async function startMachines(
  store: MachineStore,
  { clock, log, settings }: Environment,
  services: Services,
): Promise<MachineRegistry> {
  const machines = new MachineRegistry(clock.nowMs, settings.inventories.precedence);
  // The declarations of the previous run stay in effect until their source is read, so that no machine loses its
  // address meanwhile.
  machines.restore(
    (await store.loadMachines()).map(({ id, record, source }) => ({
      source,
      machine: fromMachineRecord(id, record),
    })),
  );
  const journal = new MachineJournal(store, log, clock.now);
  machines.onChange((changes) => journal.note(changes));
  services.add('machine records', { close: () => journal.flush() });
  return machines;
}

/** Whether the source address of an event belongs to the machine that the event names. */
function isOwn(
  { address, kind, mac, machineId }: BootEvent,
  machines: MachineRegistry,
  clients: ClientAddresses,
): boolean {
  // DHCP and TFTP know the network card from the packet or the address, and do not rely on what a request claims.
  if (!CLAIMED_KINDS.has(kind) || address === undefined) return true;
  const card = clients.findMac(address);
  if (card === undefined) return false;
  return (
    card === mac || (machineId !== undefined && machines.identify({ mac: card }).machine?.id === machineId)
  );
}

/** Whether an event belongs to a machine that a file declares, or that has a lease of ours. */
function isKnown(
  { address, mac, machineId }: BootEvent,
  machines: MachineRegistry,
  engine: DhcpEngine,
  clock: Clock,
): boolean {
  if (machineId !== undefined) return true;
  if (mac === undefined) return false;
  if (machines.identify({ mac }).machine !== undefined) return true;
  const lease = address === undefined ? undefined : engine.findLease(address, clock.moment());
  return lease?.state === 'bound' && lease.chaddr === mac;
}
