import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  failGrubConfig,
  localGrubConfig,
  profileGrubConfig,
  waitingGrubConfig,
} from '../../../src/provision/rendering/grub-config.ts';
import { quoteGrubArguments, quoteGrubWord } from '../../../src/provision/rendering/grub-quoting.ts';

/** The errors of GRUB's own parser for a configuration; empty if it is valid. */
function grubComplaint(config: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'grub-'));
  const file = join(folder, 'grub.cfg');
  writeFileSync(file, config);
  const { error, stdout, stderr } = spawnSync('grub-script-check', [file], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  if (error !== undefined) throw error;
  return stdout + stderr;
}

test.each([
  ['two labels in a URL', 'u=http://h/i?a=1&b=2', '"u=http://h/i?a=1&b=2"'],
  ['a second command', 'hostname=x;reboot', '"hostname=x;reboot"'],
  ['a block that ends', 'x}', '"x}"'],
  ['a redirection', 'x>y<z|w', '"x>y<z|w"'],
  ['a wildcard', 'x=*?[a]', '"x=*?[a]"'],
  ['a comment', '#x', '"#x"'],
  ['plain arguments as Matchbox writes them', 'console=ttyS0,115200n8 quiet', 'console=ttyS0,115200n8 quiet'],
  ['a URL with one label', 'u=http://h/i?a=1', 'u=http://h/i?a=1'],
  ['a wildcard in a path', '/a/b?', '"/a/b?"'],
  ["the kernel's quotes around a value", 'x="y z" w', '"x=y z" w'],
  ["the kernel's quotes around an argument", '"x=y z"', '"x=y z"'],
  ['quotes within a value', 'x={"a":1}', '"x={\\"a\\":1}"'],
  ['unclosed quotes', 'x="y z', '"x=y z"'],
  ['a GRUB variable that the author wrote', 'ip=${net_default_ip}', '"ip=${net_default_ip}"'],
  ['a setting of iPXE, which GRUB does not know', 'm=${mac:hexhyp}', '"m=\\${mac:hexhyp}"'],
  ['a price', 'x=5$ $1 $x', '"x=5\\$" "\\$1" "\\$x"'],
  ['a backslash', 'a\\b', '"a\\\\b"'],
])('%s', (_, text, expected) => {
  expect(quoteGrubArguments(text)).toBe(expected);
  expect(grubComplaint(`linux "/k" ${quoteGrubArguments(text)}\n`)).toBe('');
});

test('a word keeps its blanks', () => {
  expect(quoteGrubWord('http://m/b c')).toBe('"http://m/b c"');
});

test('GRUB parses whatever a profile renders to', () => {
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'ab=;&|<>{}()[]*?!#$"\'\\` ~') }),
    fc.string({ unit: fc.constantFrom('${', '}', 'a', '$', '"', '\\', ' ', ':', ';', '{', '&') }),
  );
  // One process checks all of them, since starting it takes longer than the checks.
  const boots = fc.sample(fc.record({ kernel: text, initrd: fc.array(text), args: fc.array(text) }), {
    numRuns: 500,
    seed: 1,
  });
  expect(grubComplaint(boots.map(profileGrubConfig).join(''))).toBe('');
});

test('GRUB parses the configs for machines that do not boot a profile, whatever the reason says', () => {
  fc.assert(
    fc.property(fc.string(), (reason) => {
      expect(
        grubComplaint(
          localGrubConfig(reason, 'sanboot') +
            failGrubConfig(reason) +
            waitingGrubConfig([reason, reason], 15),
        ),
      ).toBe('');
    }),
    { numRuns: 20 },
  );
});
