/**
 * Maximum number of labels of one counter. Further ones are counted under a common label, so that requests cannot
 * create labels without limit.
 */
const LABELS_MAX = 200;
const OTHERS = 'other';

/** Counts events: `dhcp_ignored` by reason, `dhcp_sent` by message type. Counters never decrease. */
export class Counters {
  readonly #families = new Map<string, Map<string, number>>();

  add(family: string, label = '', by = 1): void {
    let labels = this.#families.get(family);
    if (labels === undefined) this.#families.set(family, (labels = new Map<string, number>()));
    const known = labels.has(label) || labels.size < LABELS_MAX ? label : OTHERS;
    labels.set(known, (labels.get(known) ?? 0) + by);
  }

  get(family: string, label = ''): number {
    return this.#families.get(family)?.get(label) ?? 0;
  }

  /** All counters: by family, then by label. */
  list(): ReadonlyMap<string, ReadonlyMap<string, number>> {
    return this.#families;
  }
}
