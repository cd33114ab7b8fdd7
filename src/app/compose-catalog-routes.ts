import { originOf } from '../control/actor.ts';
import { listFiles } from '../host/list-files.ts';
import { type MacAddress, parseMac } from '../protocol/mac-address.ts';
import { addressesOf, type Machine } from '../provision/machines/machine.ts';
import { claimsOfLabels, type Labels } from '../provision/selection/labels.ts';
import type { CatalogRouteParts, PastGeneration } from '../server/operator-http/routes/catalog.ts';
import type { DiscoveredMachine } from '../store/discovered-machine-store.ts';
import { appendAudit } from './append-audit.ts';
import type { Environment } from './environment.ts';
import type { SharedServices } from './shared-services.ts';

/** Generations that are remembered since the start. */
const PAST_MAX = 50;
/** More files than that are a mirror, of which nobody reads a list. */
const ASSETS_MAX = 10_000;
const LOOPBACK = '127.0.0.1';

/** What the routes of the catalog need of the running program. */
export function composeCatalogRoutes(
  shared: SharedServices,
  { clock, log }: Pick<Environment, 'clock' | 'log'>,
): CatalogRouteParts {
  const { assets, catalog, decider, engine, machines, origins, store } = shared;
  const past: PastGeneration[] = [];
  const remember = (): void => {
    const { generation, problems, warnings } = catalog.status();
    if (generation === undefined) return;
    // What was loaded again without a change is the same generation, though its problems may have been corrected.
    if (past[0]?.id === generation.id) past.shift();
    past.unshift({ ...generation, problems: problems.length, warnings: warnings.length });
    past.length = Math.min(past.length, PAST_MAX);
  };
  remember();
  catalog.onLoad(remember);
  const askerOf: CatalogRouteParts['askerOf'] = async (id) => {
    const mac = parseMac(id);
    const record =
      machines.find(id)?.machine ?? (mac === undefined ? undefined : machines.identify({ mac }).machine);
    const discovered =
      record === undefined && mac !== undefined
        ? (await store.discovered.listDiscovered()).find((one) => one.mac === mac)
        : undefined;
    if (record === undefined && discovered === undefined) return undefined;
    const own = record === undefined ? labelsOfDiscovered(discovered) : labelsOfRecord(record);
    const card = own.get('mac') as MacAddress | undefined;
    const address = record && addressesOf(record)[0];
    const learned = card === undefined ? [] : engine.findLabels(card, address, clock.moment());
    const claimed: Labels = new Map([...learned, ...own]);
    return { claimed, identification: machines.identify(claimsOfLabels(claimed)) };
  };
  return {
    catalog: {
      generation: () => catalog.generation,
      status: () => catalog.status(),
      reload: () => catalog.reload(),
      past: () => past,
    },
    decider,
    askerOf,
    renderContext: (claimed) => ({
      origin: origins.originFor(LOOPBACK),
      rawQuery: [...claimed].map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&'),
    }),
    listAssets: () => listFiles(assets, ASSETS_MAX),
    noteSecretsShown: (machineId, kind, by) =>
      appendAudit(store.audit, log, {
        at: clock.now(),
        ...originOf(by),
        verb: 'show_secrets',
        target: machineId,
        reason: '',
        outcome: 'done',
        detail: { kind },
      }),
  };
}

function labelsOfRecord({ macs, serial, uuid }: Machine): Labels {
  return new Map(
    Object.entries({ mac: macs[0], uuid, serial }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );
}

function labelsOfDiscovered(discovered: DiscoveredMachine | undefined): Labels {
  const { address: _address, firstSeenAt: _first, lastSeenAt: _last, ...told } = discovered ?? {};
  return new Map(Object.entries(told));
}
