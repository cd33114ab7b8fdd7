import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const document = readFileSync(path.join(root, 'assets/README.md'), 'utf8');

/** The files under /assets/ that the example profiles name; a version in a name is a variable. */
function namedAssets(): string[] {
  const files = readdirSync(path.join(root, 'profiles')).filter((file) => /\.(yaml|bu)$/.test(file));
  const names = files.flatMap((file) => {
    const text = readFileSync(path.join(root, 'profiles', file), 'utf8');
    return [...text.matchAll(/\/assets\/[^\s"']*\/([^\s"'/]+\.[a-z0-9]+)/g)].map(([, name = '']) => name);
  });
  return [...new Set(names)].sort();
}

test('assets/README.md fetches every file that an example profile names, and what the installer asks for', () => {
  const named = namedAssets();
  expect(named).toContain('flatcar_production_pxe.vmlinuz');
  const [, kubernetes = ''] =
    /kubernetes_version: (\S+)/.exec(
      readFileSync(path.join(root, 'profiles/kubernetes-worker.yaml'), 'utf8'),
    ) ?? [];
  // flatcar-install builds these names itself.
  const asked = ['flatcar_production_image.bin.bz2', 'version.txt'];
  for (const name of [...named, ...asked]) {
    expect(document).toContain(name.replace('{{kubernetes_version}}', kubernetes));
  }
});
