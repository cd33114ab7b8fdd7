import pino from 'pino';
import { Catalog } from '../../src/catalog/catalog.ts';
import type { MatchedResolution } from '../../src/catalog/generation.ts';
import { formatProblem } from '../../src/documents/problem.ts';
import type { Machine } from '../../src/provision/machines/machine.ts';
import { MachineIndex } from '../../src/provision/machines/machine-index.ts';
import { TemplateError } from '../../src/provision/rendering/template-error.ts';
import { claimsOfLabels, labelsFromQuery } from '../../src/provision/selection/labels.ts';
import { FakeCatalogKeeper } from '../fakes/fake-catalog-keeper.ts';
import { InlineCatalogLoader } from '../fakes/inline-catalog-loader.ts';

/** A catalog in a directory, and what machines get from it. */
export class CatalogRig {
  readonly keeper: FakeCatalogKeeper;
  readonly catalog: Catalog;
  #machines: readonly Machine[] = [];

  constructor(directory: string, keeper = new FakeCatalogKeeper()) {
    this.keeper = keeper;
    this.catalog = new Catalog({
      directory,
      loader: new InlineCatalogLoader({ directory, assets: `${directory}/assets` }),
      keeper,
      publish: (machines, swap) => {
        this.#machines = machines;
        swap();
        return Promise.resolve();
      },
      now: () => new Date(0),
      log: pino({ level: 'silent' }),
    });
  }

  /** All problems, one line each. */
  get problems(): string[] {
    return this.catalog.status().problems.map(formatProblem);
  }

  /** What the machine with this query boots; `waits: ` and the reason if it cannot boot. */
  boots(query: Record<string, string>): string {
    return this.#render(query, (match, { generation }) =>
      generation?.ipxeScript(match, { origin: 'http://h', rawQuery: '' }),
    );
  }

  /** Its Ignition config. */
  ignition(query: Record<string, string>): string {
    return this.#render(
      query,
      (match, { generation }) =>
        generation?.ignitionConfig(match, { origin: 'http://h', rawQuery: '' })?.json,
    );
  }

  /** The address that is reserved for a MAC address. */
  address(mac: string): string | undefined {
    return new MachineIndex(this.#machines).identify(claimsOfLabels(labelsFromQuery([['mac', mac]]))).machine
      ?.address;
  }

  #render(
    query: Record<string, string>,
    render: (match: MatchedResolution, catalog: Catalog) => string | undefined,
  ): string {
    const { generation } = this.catalog;
    if (generation === undefined) return 'nothing serves';
    const labels = labelsFromQuery(Object.entries(query));
    const identification = new MachineIndex(this.#machines).identify(claimsOfLabels(labels));
    const { match, problem, ...resolution } = generation.resolve(labels, identification);
    if (problem !== undefined) return `waits: ${problem}`;
    if (match === undefined) return 'no group';
    try {
      return render({ ...resolution, match }, this.catalog) ?? 'nothing';
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      return `waits: ${error.describe()}`;
    }
  }
}
