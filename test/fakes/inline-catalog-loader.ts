import { AssetChecker } from '../../src/catalog/asset-checker.ts';
import { CatalogLoader } from '../../src/catalog/catalog-loader.ts';
import { GenerationBuilder } from '../../src/catalog/generation-builder.ts';
import { decodeKeptFiles, encodeKeptFiles } from '../../src/catalog/kept-catalog.ts';
import type { CatalogPlace } from '../../src/catalog/load-messages.ts';
import { DirectorySource } from '../../src/catalog/sources/directory-source.ts';
import type { CatalogLoad, CatalogLoads, LoadKept } from '../../src/catalog/threaded-catalog-loader.ts';
import { tryEverything } from '../../src/catalog/trial-rendering.ts';

/** Loads catalogs as the program does, without a thread. */
export class InlineCatalogLoader implements CatalogLoads {
  readonly #place: CatalogPlace;
  readonly #assets: AssetChecker;
  readonly #builder = new GenerationBuilder();
  #loader: CatalogLoader | undefined;

  constructor(place: CatalogPlace) {
    this.#place = place;
    this.#assets = new AssetChecker(place.assets);
  }

  async load(now: Date, loadKept: LoadKept): Promise<CatalogLoad> {
    if (this.#loader === undefined) {
      const kept = await loadKept();
      this.#loader = new CatalogLoader(
        new DirectorySource(this.#place.directory, Date.now),
        kept && decodeKeptFiles(kept),
      );
    }
    const loaded = await this.#loader.load(now.getTime());
    if (loaded.kind === 'nothing') return loaded;
    const { content, from, keep, problems, standIns } = loaded;
    const generation = this.#builder.build(content, now);
    return {
      kind: 'loaded',
      generation,
      machines: content.machines,
      from,
      standIns,
      problems,
      warnings: content.warnings,
      tryOut: async () => {
        const trial = tryEverything(content, generation, undefined, this.#place.networks);
        const { faults } = await this.#assets.check(trial.assets);
        return {
          ...trial,
          warnings: [...trial.warnings, ...faults],
          ...(keep !== undefined && { keep: encodeKeptFiles(keep) }),
        };
      },
    };
  }

  hurry(): void {
    // The trial rendering takes no time here.
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
