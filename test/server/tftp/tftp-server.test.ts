import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import type { TftpContent } from '../../../src/server/tftp/tftp-content.ts';
import type { TftpServerParts } from '../../../src/server/tftp/tftp-server.ts';
import type { TftpSettings } from '../../../src/server/tftp/tftp-settings.ts';
import { fetchFile } from './test-client.ts';
import { contentOf, startTestServer, type TestServer } from './test-server.ts';

const PROGRAM = randomBytes(74_213);
const files = contentOf({
  'undionly.kpxe': PROGRAM,
  empty: Buffer.alloc(0),
  exact: PROGRAM.subarray(0, 5120),
});

const started: TestServer[] = [];
afterEach(async () => {
  for (const { server } of started.splice(0)) await server.close(0);
});

async function start(
  content: TftpContent = files,
  settings: Partial<TftpSettings> = {},
  parts: Partial<TftpServerParts> = {},
): Promise<TestServer> {
  const server = await startTestServer(content, settings, parts);
  started.push(server);
  return server;
}

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
    const { port } = await start(files, { singlePort: mode === 'single-port' });
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
