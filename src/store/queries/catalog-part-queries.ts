import type { KeptCatalog } from '../catalog-store.ts';
import type { QueryRunner } from './query-runner.ts';

/** A stored catalog, and which parts are its content. */
export type KeptCatalogRow = Omit<KeptCatalog, 'content'> & { readonly contentId: number };

/** The operations on a stored catalog, each of them small. PartedCatalog combines them. */
export interface CatalogPartStore {
  findKept(): Promise<KeptCatalogRow | undefined>;
  /** Makes this the stored catalog, replacing the previous one. */
  putKept(kept: KeptCatalogRow): Promise<void>;
  putPart(contentId: number, part: number, bytes: Uint8Array): Promise<void>;
  /** Undefined after the last part. */
  readPart(contentId: number, part: number): Promise<Uint8Array | undefined>;
  /** Deletes one part of any content except this one. False if there is none. */
  deletePartBut(contentId: number): Promise<boolean>;
}

/** The stored catalog in a database that another process writes. */
export interface CatalogPartReader {
  readonly catalogParts: CatalogPartStore;
  close(): Promise<void>;
}

/** The stored catalog in either database. */
export class CatalogPartQueries implements CatalogPartStore {
  readonly #runner: QueryRunner;

  constructor(runner: QueryRunner) {
    this.#runner = runner;
  }

  async findKept(): Promise<KeptCatalogRow | undefined> {
    const row = await this.#runner.read((tables) =>
      tables.selectFrom('kept_catalog').selectAll().executeTakeFirst(),
    );
    if (row === undefined) return undefined;
    const keptAt = new Date(this.#runner.time.decode(row.kept_at));
    return { generation: row.generation, keptAt, contentId: row.content_id };
  }

  async putKept({ contentId, generation, keptAt }: KeptCatalogRow): Promise<void> {
    const row = {
      generation,
      kept_at: this.#runner.time.encode(keptAt.getTime()),
      content_id: contentId,
    };
    await this.#runner.write(async (tables) => {
      await tables.deleteFrom('kept_catalog').execute();
      await tables.insertInto('kept_catalog').values(row).execute();
    });
  }

  async putPart(contentId: number, part: number, bytes: Uint8Array): Promise<void> {
    // Both drivers accept a Buffer, and SQLite's accepts no other array.
    const row = {
      content_id: contentId,
      part,
      bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
    };
    await this.#runner.write((tables) => tables.insertInto('kept_catalog_parts').values(row).execute());
  }

  async readPart(contentId: number, part: number): Promise<Uint8Array | undefined> {
    const row = await this.#runner.read((tables) =>
      tables
        .selectFrom('kept_catalog_parts')
        .select('bytes')
        .where('content_id', '=', contentId)
        .where('part', '=', part)
        .executeTakeFirst(),
    );
    return row?.bytes;
  }

  deletePartBut(contentId: number): Promise<boolean> {
    return this.#runner.write(async (tables) => {
      const found = await tables
        .selectFrom('kept_catalog_parts')
        .select(['content_id', 'part'])
        .where('content_id', '!=', contentId)
        .limit(1)
        .executeTakeFirst();
      if (found === undefined) return false;
      await tables
        .deleteFrom('kept_catalog_parts')
        .where('content_id', '=', found.content_id)
        .where('part', '=', found.part)
        .execute();
      return true;
    });
  }
}
