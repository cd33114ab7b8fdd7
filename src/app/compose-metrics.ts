import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CatalogStatus } from '../catalog/catalog-status.ts';
import { type CountedMachines, countMachines, type MachineCounts } from '../machines/count-machines.ts';
import type { Metrics, Sample } from '../metrics/metrics.ts';
import { TOKEN_ALARMS } from '../provision/boot/session-token.ts';
import { BOOT_VERDICTS } from '../provision/history/boot-timeline.ts';
import type { SubnetUsage } from '../provision/dhcp/leases/subnet-leases.ts';
import type { Environment } from './environment.ts';
import { programVersion } from './program-version.ts';
import type { SharedServices } from './shared-services.ts';

/** Adds the gauges that say how the running program is. */
export function composeMetrics(environment: Environment, shared: SharedServices): void {
  const { clock, counters, metrics } = environment;
  const { events, leases, readiness, sessions } = shared;
  // From zero on, so that the first one is seen as a rise.
  for (const alarm of TOKEN_ALARMS) counters.add('access_refused', alarm, 0);
  for (const verdict of BOOT_VERDICTS) if (verdict !== 'moving') counters.add('boot_outcomes', verdict, 0);
  metrics.gauge('railhead_build_info', () => [
    { labels: { version: programVersion(), node: process.version }, value: 1 },
  ]);
  metrics.gauge('railhead_ready', () => one(readiness.check().ready));
  metrics.gauge('railhead_part_ready', () =>
    readiness
      .check()
      .parts.map(({ part, reasons }) => ({ labels: { part }, value: Number(reasons.length === 0) })),
  );
  metrics.gauge('railhead_store_healthy', () =>
    one(readiness.check().parts.every(({ part, reasons }) => part !== 'store' || reasons.length === 0)),
  );
  addMachines(metrics, shared);
  addNetworks(environment, shared);
  addCatalog(metrics, shared);
  metrics.gauge('railhead_boot_sessions_moving', () => [{ value: sessions.moving }]);
  metrics.gauge('railhead_boot_events_waiting', () => [{ value: events.waiting }]);
  metrics.gauge('railhead_event_lag_seconds', () => {
    const since = events.unwrittenSince;
    const lagMs = since === undefined ? 0 : clock.now().getTime() - since.getTime();
    return [{ value: Math.max(0, lagMs) / 1000 }];
  });
  metrics.gauge('railhead_dns_updates_pending', () => [{ value: leases.pendingDnsUpdates }]);
}

function addMachines(metrics: Metrics, shared: SharedServices): void {
  let counting: Promise<MachineCounts> | undefined;
  // Three metrics of one answer share one count.
  const counts = (): Promise<MachineCounts> =>
    (counting ??= countedMachines(shared)
      .then(countMachines)
      .finally(() => (counting = undefined)));
  metrics.gauge('railhead_machines', async () => samples((await counts()).states, 'state'));
  metrics.gauge('railhead_machine_conditions', async () => samples((await counts()).conditions, 'condition'));
  metrics.gauge('railhead_arm_active', async () => samples((await counts()).arms, 'purpose'));
}

async function countedMachines({ lives, machines, store }: SharedServices): Promise<CountedMachines> {
  return {
    lives: lives.list(),
    declared: machines.size,
    isDeclared: (id) => machines.find(id) !== undefined,
    discovered: await store.discovered.listDiscovered(),
    hasRecord: ({ mac }) => machines.identify({ mac }).machine !== undefined,
    pause: nextTurn,
  };
}

const LEASE_STATES = ['bound', 'offered', 'declined', 'remembered'] as const satisfies (keyof SubnetUsage)[];

function addNetworks({ clock, metrics }: Environment, { engine }: SharedServices): void {
  const usage = (): readonly SubnetUsage[] => engine.usage(clock.moment());
  metrics.gauge('railhead_pool_addresses', () =>
    usage().map(({ poolSize, subnetId }) => ({ labels: { subnet: subnetId }, value: poolSize })),
  );
  metrics.gauge('railhead_leases', () =>
    usage().flatMap((counts) =>
      LEASE_STATES.map((state) => ({ labels: { subnet: counts.subnetId, state }, value: counts[state] })),
    ),
  );
  metrics.gauge('railhead_foreign_dhcp_servers', () => {
    const servers = engine.foreignServers(clock.moment());
    return usage().map(({ subnetId }) => ({
      labels: { subnet: subnetId },
      value: servers.filter((server) => server.subnetId === subnetId).length,
    }));
  });
}

function addCatalog(metrics: Metrics, { catalog }: SharedServices): void {
  const status = (): CatalogStatus => catalog.status();
  metrics.gauge('railhead_catalog_generation_info', () => {
    const { generation } = status();
    return generation === undefined
      ? []
      : [{ labels: { generation: generation.id, from: generation.from }, value: 1 }];
  });
  metrics.gauge('railhead_catalog_valid', () => {
    const { generation, problems } = status();
    return one(generation?.from === 'files' && problems.length === 0);
  });
  metrics.gauge('railhead_catalog_problems', () => [{ value: status().problems.length }]);
  metrics.gauge('railhead_catalog_warnings', () => [{ value: status().warnings.length }]);
  metrics.gauge('railhead_catalog_stand_ins', () => [{ value: status().standIns.length }]);
  metrics.gauge('railhead_catalog_documents', () => {
    const { generation } = status();
    if (generation === undefined) return [];
    const { groups, machines, profiles } = generation;
    return Object.entries({ groups, machines, profiles }).map(([kind, value]) => ({
      labels: { kind },
      value,
    }));
  });
  metrics.gauge('railhead_catalog_loaded_timestamp_seconds', () => seconds(status().generation?.loadedAt));
  metrics.gauge('railhead_catalog_checked_timestamp_seconds', () => seconds(status().checkedAt));
  metrics.gauge('railhead_catalog_load_seconds', () => {
    const { loadMs } = status();
    return loadMs === undefined ? [] : [{ value: loadMs / 1000 }];
  });
}

function one(is: boolean): readonly Sample[] {
  return [{ value: Number(is) }];
}

function seconds(at: Date | undefined): readonly Sample[] {
  return at === undefined ? [] : [{ value: at.getTime() / 1000 }];
}

function samples(counts: ReadonlyMap<string, number>, label: string): readonly Sample[] {
  return [...counts].map(([name, value]) => ({ labels: { [label]: name }, value }));
}
