import { existsSync } from 'node:fs';
import path from 'node:path';
import { SYSTEM_CLOCK } from '../app/clock.ts';
import { loadCatalog } from '../catalog/load-catalog.ts';
import { loadReviewedSettings, SettingsError } from '../config/load-settings.ts';
import { toStoreSettings } from '../config/sections/store.ts';
import { formatProblem } from '../documents/problem.ts';
import { reviewPools } from '../provision/dhcp/leases/review-pools.ts';
import type { Machine } from '../provision/machines/machine.ts';
import type { StoreSettings } from '../store/open-store.ts';
import { describeStandIns, findKeptCatalog } from './kept-report.ts';

/** The result of `railhead check` for a directory: a line for each problem and warning. */
export interface CheckedTree {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  /** What a server with this store serves in place of what cannot be used. */
  readonly served: readonly string[];
  /** The directory of the catalog. */
  readonly catalog: string;
  /** Number of documents in the catalog; absent if there is no catalog, or it cannot be read. */
  readonly size?: { readonly profiles: number; readonly groups: number; readonly machines: number };
}

/** The settings in a directory that matter for the check of its catalog. */
interface CheckedSettings {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  readonly catalog: string;
  readonly assets?: string | undefined;
  /** The store of the server with these settings. */
  readonly store?: StoreSettings;
  /** Ids of the networks; absent where DHCP serves none. */
  readonly networks?: readonly string[];
  /** What is odd about the settings beside the machines that files declare. */
  readonly reviewWith?: (machines: readonly Machine[]) => readonly string[];
}

/**
 * Checks `railhead.yaml` in a directory, if it exists, and the catalog that it names, which is the directory by
 * default. Of the store that the settings name, or of the SQLite database `storeFile`, it reads the last good catalog.
 */
export async function checkTree(directory: string, storeFile?: string): Promise<CheckedTree> {
  const settings = checkSettingsIn(directory);
  const { assets, catalog, networks } = settings;
  const store: StoreSettings | undefined =
    storeFile === undefined ? settings.store : { file: storeFile, synchronous: 'full' };
  const found = store === undefined ? {} : await findKeptCatalog(store);
  const checked = await loadCatalog(catalog, SYSTEM_CLOCK.now, assets, found.kept?.files, networks);
  const { generation, machines, problems, warnings } = checked;
  const size = {
    profiles: generation?.profiles.size ?? 0,
    groups: generation?.groups.length ?? 0,
    machines: machines.length,
  };
  return {
    problems: [...settings.problems, ...problems.map(formatProblem)],
    warnings: [
      ...settings.warnings,
      ...(settings.reviewWith?.(machines) ?? []),
      ...warnings.map(formatProblem),
    ],
    served: describeStandIns(checked, found),
    catalog,
    ...(size.profiles + size.groups + size.machines > 0 && { size }),
  };
}

/**
 * Only the file is checked: the environment of this command is not that of the server. If the settings have errors, the
 * catalog is expected at its default place, so that its own errors are reported at the same time.
 */
function checkSettingsIn(directory: string): CheckedSettings {
  const file = path.join(directory, 'railhead.yaml');
  if (!existsSync(file)) return { problems: [], warnings: [], catalog: directory };
  try {
    const { locateAt, settings, warnings } = loadReviewedSettings({ file, environment: {}, flags: [] });
    // Without `catalog.dir` messages name the directory as the caller does.
    const isHere = settings.catalog.dir === path.resolve(directory);
    return {
      problems: [],
      warnings,
      catalog: isHere ? directory : settings.catalog.dir,
      assets: settings.catalog.assets,
      store: toStoreSettings(settings.store),
      ...(settings.networks.length > 0 && { networks: settings.networks.map(({ id }) => id) }),
      reviewWith: (machines) =>
        reviewPools(machines, settings.networks).map(({ message, network, pool }) =>
          locateAt(['networks', network, 'pools', pool], message),
        ),
    };
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return { problems: error.message.split('\n'), warnings: [], catalog: directory };
  }
}
