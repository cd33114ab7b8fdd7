import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Config, Resource } from '../../../src/ignition/config.ts';
import { findGzipFaults } from '../../../src/provision/rendering/gzip-check.ts';

const packed = gzipSync('hello');
const data = (bytes: Uint8Array): Resource => ({
  compression: 'gzip',
  source: `data:;base64,${Buffer.from(bytes).toString('base64')}`,
});
const NOT_GZIP: Resource = { compression: 'gzip', source: 'data:,hello' };
const inFile = (contents: Resource): Config => ({
  ignition: { version: '3.4.0' },
  storage: { files: [{ path: '/etc/app.conf', contents }] },
});

describe('contents of a file that are declared as gzip', () => {
  test.each<[string, Resource, RegExp | undefined]>([
    ['are', data(packed), undefined],
    ['are in several parts', data(Buffer.concat([packed, packed])), undefined],
    ['are text', NOT_GZIP, /are not compressed/],
    ['are empty', { compression: 'gzip', source: 'data:,' }, /are not compressed/],
    ['end early', data(packed.subarray(0, -9)), /cannot be unpacked/],
    ['end within the header', data(packed.subarray(0, 5)), /cannot be unpacked/],
    [
      'have a wrong checksum',
      data(Uint8Array.from(packed, (byte, at) => (at === packed.length - 8 ? byte ^ 1 : byte))),
      /cannot be unpacked/,
    ],
    ['are fetched, and not known', { compression: 'gzip', source: 'http://10.0.0.1/x' }, undefined],
    [
      'have an invalid URL, which is reported elsewhere',
      { compression: 'gzip', source: 'data:;base64,%' },
      undefined,
    ],
    ['are not declared so', { source: 'data:,hello' }, undefined],
    ['are larger than is unpacked here', data(gzipSync(Buffer.alloc(64 * 1024 * 1024))), undefined],
  ])('%s', (_name, contents, message) => {
    const faults = findGzipFaults(inFile(contents));
    if (message === undefined) expect(faults).toEqual([]);
    else
      expect(faults).toEqual([{ path: '/etc/app.conf', message: expect.stringMatching(message) as string }]);
  });
});

test('every place of a config that has contents is looked at', () => {
  const config: Config = {
    ignition: {
      version: '3.4.0',
      config: { merge: [data(packed), NOT_GZIP], replace: NOT_GZIP },
      security: { tls: { certificateAuthorities: [NOT_GZIP] } },
    },
    storage: {
      files: [{ path: '/a', append: [data(packed), NOT_GZIP] }],
      luks: [{ name: 'root', device: '/dev/sda', keyFile: NOT_GZIP }],
    },
  };
  expect(findGzipFaults(config).map(({ path }) => path)).toEqual([
    '/a',
    'root',
    'ignition.config.replace',
    'ignition.config.merge.1',
    'ignition.security.tls.certificateAuthorities.0',
  ]);
});
