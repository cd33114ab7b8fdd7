import { describe, expect, test } from 'vitest';
import { HotFiles } from '../../../../src/server/tftp/content/hot-files.ts';

const LIMITS = { fileBytesMax: 60, totalBytesMax: 100 };

/** A cache that counts its reads. */
function makeCache() {
  const reads: string[] = [];
  const files = new HotFiles(LIMITS);
  const use = (key: string, size: number) =>
    files.use(key, size, () => {
      reads.push(key);
      return Promise.resolve(new Uint8Array(size));
    });
  return { files, reads, use };
}

describe('files in memory', () => {
  test('are read once for simultaneous and later requests', async () => {
    const { reads, use } = makeCache();
    const leases = await Promise.all([use('a', 10), use('a', 10), use('a', 10)]);
    leases.push(await use('a', 10));
    expect(reads).toEqual(['a']);
    expect(new Set(leases.map((lease) => lease?.bytes)).size).toBe(1);
  });

  test('are removed in the order of their last use', async () => {
    const { files, reads, use } = makeCache();
    for (const key of ['a', 'b', 'a']) (await use(key, 40))?.release();
    (await use('c', 40))?.release();
    expect(files.totalBytes).toBe(80);
    await use('a', 40);
    expect(reads).toEqual(['a', 'b', 'c']);
    await use('b', 40);
    expect(reads).toEqual(['a', 'b', 'c', 'b']);
  });

  test('that are in use stay, and others are not kept meanwhile', async () => {
    const { files, use } = makeCache();
    const [a, b] = [await use('a', 50), await use('b', 50)];
    expect(await use('c', 50)).toBeUndefined();
    a?.release();
    // Releasing twice counts once: the second call must not release another user's place.
    a?.release();
    expect(await use('c', 50)).toBeDefined();
    expect(await use('d', 50)).toBeUndefined();
    b?.release();
    expect(await use('d', 50)).toBeDefined();
    expect(files.totalBytes).toBe(100);
  });

  test('are no larger than the limit for one', async () => {
    expect(await makeCache().use('a', 61)).toBeUndefined();
  });

  test('that could not be read are read again', async () => {
    const { files, use } = makeCache();
    await expect(files.use('a', 10, () => Promise.reject(new Error('EIO')))).rejects.toThrow('EIO');
    expect(files.totalBytes).toBe(0);
    expect(await use('a', 10)).toBeDefined();
  });
});
