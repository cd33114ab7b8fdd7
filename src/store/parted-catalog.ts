import type { CatalogStore, KeptCatalog } from './catalog-store.ts';
import type { CatalogPartStore } from './queries/catalog-part-queries.ts';
import { Turns } from './turns.ts';

/** Size of a part in bytes: it takes the store a few milliseconds, in which leases wait. */
const PART_BYTES = 1024 * 1024;

/**
 * Stores a catalog in parts, each in its own transaction, so that leases are committed in between. The catalog counts
 * as stored when its row is written, which happens last.
 */
export class PartedCatalog implements CatalogStore {
  readonly #parts: CatalogPartStore;
  readonly #turns = new Turns();

  constructor(parts: CatalogPartStore) {
    this.#parts = parts;
  }

  keepCatalog(kept: KeptCatalog): Promise<void> {
    return this.#turns.take(() => this.#keep(kept));
  }

  loadKeptCatalog(): Promise<KeptCatalog | undefined> {
    return this.#turns.take(() => this.#load());
  }

  async #keep({ content, generation, keptAt }: KeptCatalog): Promise<void> {
    const before = (await this.#parts.findKept())?.contentId ?? 0;
    // An unfinished attempt left parts behind.
    await this.#deleteAllBut(before);
    const contentId = before + 1;
    for (let part = 0; part * PART_BYTES < content.length; part++) {
      const bytes = content.subarray(part * PART_BYTES, (part + 1) * PART_BYTES);
      await this.#parts.putPart(contentId, part, bytes);
    }
    await this.#parts.putKept({ generation, keptAt, contentId });
    await this.#deleteAllBut(contentId);
  }

  async #load(): Promise<KeptCatalog | undefined> {
    const kept = await this.#parts.findKept();
    if (kept === undefined) return undefined;
    const { contentId, generation, keptAt } = kept;
    const parts: Uint8Array[] = [];
    for (;;) {
      const part = await this.#parts.readPart(contentId, parts.length);
      if (part === undefined) return { generation, keptAt, content: Buffer.concat(parts) };
      parts.push(part);
    }
  }

  async #deleteAllBut(contentId: number): Promise<void> {
    while (await this.#parts.deletePartBut(contentId));
  }
}
