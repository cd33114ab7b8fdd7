import fc from 'fast-check';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { requestedPath } from '../../../src/protocol/tftp/requested-path.ts';

describe('names that are paths', () => {
  test.each([
    ['undionly.kpxe', 'undionly.kpxe'],
    ['/undionly.kpxe', 'undionly.kpxe'],
    ['//boot//./grub.cfg', 'boot/grub.cfg'],
    // rhboot/shim#300: this is how shim requests its second stage.
    ['\\EFI\\BOOT\\grubx64.efi', 'EFI/BOOT/grubx64.efi'],
    ['\\/mixed\\a/b', 'mixed/a/b'],
    ['boot/', 'boot'],
    ['a..b/..c/d..', 'a..b/..c/d..'],
    ['.../x', '.../x'],
    // TFTP has no escapes: these are unusual but valid names.
    ['%2e%2e/etc/passwd', '%2e%2e/etc/passwd'],
    ['..%2fetc', '..%2fetc'],
    ['ftp://host/x', 'ftp:/host/x'],
    ['grün/kernel', 'grün/kernel'],
  ])('%j is %j', (filename, expected) => {
    expect(requestedPath(filename)).toEqual({ kind: 'path', path: expected });
  });
});

describe('names that are refused', () => {
  const OUT = 'the name leads out of the served folder';
  const DRIVE = 'the name contains a drive letter';
  const NONE = 'the name is empty';
  const CONTROL = 'the name contains a control character';
  test.each([
    ['..', OUT],
    ['../../etc/passwd', OUT],
    ['/../etc/passwd', OUT],
    ['..\\..\\x', OUT],
    ['boot/../../etc/passwd', OUT],
    ['boot/..', OUT],
    ['a\\..\\b', OUT],
    ['C:\\boot.ini', DRIVE],
    ['c:boot.ini', DRIVE],
    ['/C:/boot.ini', DRIVE],
    ['', NONE],
    ['/', NONE],
    ['\\\\', NONE],
    ['./.', NONE],
    ['a\0b', CONTROL],
    ['a\nb', CONTROL],
    ['\x7f', CONTROL],
  ])('%j: %s', (filename, reason) => {
    expect(requestedPath(filename)).toEqual({ kind: 'refused', reason });
  });
});

test.each(['http://10.0.0.2/boot.ipxe', 'HTTPS://h/x', 'tftp://10.0.0.2/undionly.kpxe'])(
  '%s is a URL, and kept unchanged for the report',
  (url) => expect(requestedPath(url)).toEqual({ kind: 'url', url }),
);

test('a path stays below the folder to which it is joined, and does not change when read again', () => {
  const part = fc.constantFrom(
    '..',
    '.',
    '',
    '/',
    '\\',
    'a',
    'b.c',
    'C:',
    '%2e',
    ' ',
    '...',
    'http:',
    '\0',
    'ü',
  );
  const name = fc.oneof(fc.array(part).map((parts) => parts.join('')), fc.array(part).map((parts) => parts.join('/')), fc.string()); // prettier-ignore
  fc.assert(
    fc.property(name, (filename) => {
      const asked = requestedPath(filename);
      if (asked.kind !== 'path') return;
      const joined = path.posix.join('/srv/tftp', asked.path);
      expect(joined).toBe(`/srv/tftp/${asked.path}`);
      expect(requestedPath(asked.path)).toEqual(asked);
    }),
    { numRuns: 5000 },
  );
});
