import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadCatalog } from '../../src/catalog/load-catalog.ts';
import { labelsFromQuery } from '../../src/provision/selection/labels.ts';
import { AFTERWARDS, catalogTree } from './catalog-tree.ts';

const FILES = {
  'profiles/p.yaml': [
    'id: p',
    'boot:',
    '  kernel: /k',
    '  initrd: [/i]',
    '  args:',
    '    - ignition.config.url={{ignition_url}}',
    '    - hostname={{request.query.hostname}}',
    '    - rack={{rack}}',
    '    - console={{console}}',
    '    - bootif=${netX/mac}',
    'ignition: c.ign',
    'metadata: {console: "ttyS0 console=tty0"}',
    '',
  ].join('\n'),
  'profiles/c.ign':
    '{"ignition":{"version":"3.3.0"},"storage":{"files":[{"path":"/a","contents":{"source":"data:,x"},"user":{"name":"{{request.query.hostname}}"}}]}}',
  'groups/g.yaml':
    'id: g\nprofile: p\nselector: {rack: {exists: true}, hostname: {exists: true}, mac: {exists: true}}\n',
};

async function answers(hostname: string, rack: string) {
  const loaded = await loadCatalog(catalogTree(FILES), AFTERWARDS);
  if (loaded.generation === undefined || loaded.problems.length > 0) throw new Error(JSON.stringify(loaded));
  const { generation } = loaded;
  const query = new URLSearchParams({ mac: '52:54:00:a1:9c:ae', rack, hostname });
  const resolution = generation.resolve(labelsFromQuery(query), { card: 'unlisted', conflicts: [] });
  if (resolution.match === undefined) throw new Error('no group');
  const matched = { ...resolution, match: resolution.match };
  const context = { origin: 'http://h:1', rawQuery: query.toString() };
  return {
    ipxe: generation.ipxeScript(matched, context),
    grub: generation.grubConfig(matched, context) ?? '',
    ignition: generation.ignitionConfig(matched, context)?.json ?? '',
  };
}

test("labels of a request stay within one argument of iPXE and GRUB, and the profile's own text is unchanged", async () => {
  const hostile = 'x init=/bin/sh;reboot || shell ${netX/ip} $(x) `x` "\'\\ #\u{1f600}\ud83d';
  const { ipxe, grub } = await answers(hostile, `1&b'(${hostile}`);
  const word =
    'x%20init%3D/bin/sh%3Breboot%20%7C%7C%20shell%20%24%7BnetX/ip%7D%20%24%28x%29%20%60x%60%20%22%27%5C%20%23%F0%9F%98%80%EF%BF%BD';
  const encoded = word.replaceAll('/', '%2F');
  expect(ipxe).toBe(
    [
      '#!ipxe',
      [
        'kernel /k',
        `ignition.config.url=http://h:1/ignition?mac=52-54-00-a1-9c-ae&rack=1%26b%27%28${encoded}&hostname=${encoded}`,
        `hostname=${word}`,
        `rack=1%26b%27%28${word}`,
        'console=ttyS0 console=tty0',
        'bootif=${netX/mac}',
      ].join(' '),
      'initrd /i',
      'boot',
      '',
    ].join('\n'),
  );
  const file = join(catalogTree({}), 'grub.cfg');
  writeFileSync(file, grub);
  const { status, stdout, stderr } = spawnSync('grub-script-check', [file], { encoding: 'utf8' });
  expect([status, stdout, stderr]).toEqual([0, '', '']);
  expect(grub).toContain(' "bootif=\\${netX/mac}"\n');
  expect(grub).not.toContain(';reboot');
});

test('a label that was cut within a character can be put into a URL', async () => {
  const { ipxe } = await answers('h', `${'x'.repeat(1023)}\u{1f600}`);
  expect(ipxe).toContain('x%EF%BF%BD&hostname=h ');
});

test('a label cannot break out of a string in Ignition', async () => {
  const { ignition } = await answers('a","overwrite":true,"x":"', '1');
  expect(JSON.parse(ignition)).toMatchObject({
    storage: { files: [{ user: { name: 'a","overwrite":true,"x":"' } }] },
  });
});
