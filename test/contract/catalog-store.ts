import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { KeptCatalog } from '../../src/store/catalog-store.ts';
import { type MakePlace, StoreUnderTest } from './store-place.ts';

const kept = (generation: string, content: Uint8Array): KeptCatalog => ({
  generation,
  keptAt: new Date('2026-11-23T09:00:00.123Z'),
  content,
});

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What every CatalogStore must do. */
export function describeCatalogStore(makePlace: MakePlace): void {
  describe('the stored catalog', () => {
    const under = new StoreUnderTest(makePlace);

    test('is undefined before one was stored', async () => {
      expect(await under.store.catalog.loadKeptCatalog()).toBeUndefined();
    });

    test('is read unchanged, also from a store that was opened again', async () => {
      const content = randomBytes(12 * 1024 * 1024 + 1);
      await under.store.catalog.keepCatalog(kept('g1', content));
      await under.reopen();
      const loaded = await under.store.catalog.loadKeptCatalog();
      expect(loaded).toMatchObject({ generation: 'g1', keptAt: kept('', content).keptAt });
      expect(digest(loaded!.content)).toBe(digest(content));
    });

    test('is the last one that was stored, even if it is smaller or empty', async () => {
      const bytes = randomBytes(3 * 1024 * 1024);
      await under.store.catalog.keepCatalog(kept('g1', bytes));
      await under.store.catalog.keepCatalog(kept('g2', new Uint8Array([1, 2, 3])));
      const second = await under.store.catalog.loadKeptCatalog();
      expect(second!.generation).toBe('g2');
      expect([...second!.content]).toEqual([1, 2, 3]);
      await under.store.catalog.keepCatalog(kept('g3', new Uint8Array()));
      const third = await under.store.catalog.loadKeptCatalog();
      expect([third!.generation, third!.content.length]).toEqual(['g3', 0]);
    });

    test('is whole while the next one is being written', async () => {
      await under.store.catalog.keepCatalog(kept('g1', new Uint8Array([1])));
      const keeping = under.store.catalog.keepCatalog(kept('g2', randomBytes(3 * 1024 * 1024)));
      const [loaded] = await Promise.all([under.store.catalog.loadKeptCatalog(), keeping]);
      expect(['g1', 'g2']).toContain(loaded!.generation);
      expect(loaded!.content.length).toBe(loaded!.generation === 'g1' ? 1 : 3 * 1024 * 1024);
    });

    test('is unchanged when the next one cannot be written', async () => {
      await under.store.catalog.keepCatalog(kept('g1', new Uint8Array([1])));
      const broken = { ...kept('g2', randomBytes(2 * 1024 * 1024)), generation: null };
      await expect(under.store.catalog.keepCatalog(broken as never)).rejects.toThrow();
      expect(await under.store.catalog.loadKeptCatalog()).toMatchObject({ generation: 'g1' });
      await under.store.catalog.keepCatalog(kept('g3', new Uint8Array([3])));
      expect([...(await under.store.catalog.loadKeptCatalog())!.content]).toEqual([3]);
    });
  });
}
