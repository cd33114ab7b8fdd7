import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import type { TftpSettings } from '../../../src/server/tftp/tftp-settings.ts';
import { fetchFile } from './test-client.ts';
import { closeTestServers, contentOf, startTestServer } from './test-server.ts';

const PROGRAM = randomBytes(74_213);
const files = contentOf({
  'undionly.kpxe': PROGRAM,
  empty: Buffer.alloc(0),
  exact: PROGRAM.subarray(0, 5120),
});

afterEach(closeTestServers);

const start = (settings: Partial<TftpSettings> = {}) => startTestServer(files, settings);

describe('a file arrives', () => {
  test.each([
    ['without options, 512 octets a block', {}, {}],
    [
      'as edk2 asks',
      { tsize: 0, blksize: 1468, windowsize: 4 },
      { tsize: '74213', blksize: '1468', windowsize: '4' },
    ],
    ['as iPXE asks', { blksize: 1432, tsize: 0 }, { blksize: '1432', tsize: '74213' }],
    ['with a large window', { blksize: 1024, windowsize: 64 }, { blksize: '1024', windowsize: '64' }],
    ['with jumbo blocks lowered to the MTU', { blksize: 8192 }, { blksize: '1468' }],
    ['with the smallest blocks', { blksize: 8, windowsize: 64 }, { blksize: '8', windowsize: '64' }],
  ])('%s', async (_, options, oack) => {
    const { port } = await start();
    const fetched = await fetchFile(port, 'undionly.kpxe', options);
    expect(fetched.bytes.equals(PROGRAM)).toBe(true);
    expect(fetched.oack).toEqual(oack);
  });

  test.each(['standard', 'single-port'])('from the address that was asked, %s', async (mode) => {
    const { port } = await start({ singlePort: mode === 'single-port' });
    const { bytes, server } = await fetchFile(port, 'undionly.kpxe', { windowsize: 8 });
    expect(bytes.equals(PROGRAM)).toBe(true);
    expect(server.address).toBe('127.0.0.1');
    expect(server.port === port).toBe(mode === 'single-port');
  });

  test.each([
    ['empty', 0],
    ['exact', 5120],
  ])('ends with an empty block where the size asks for it: %s', async (name, size) => {
    const { port } = await start();
    expect((await fetchFile(port, name)).bytes).toHaveLength(size);
  });
});
