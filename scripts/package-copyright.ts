import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { loadedPackages, type Manifest, readManifest } from './package-dependencies.ts';

/** Where the package has its files. */
const INSTALLED = 'usr/lib/railhead';

/**
 * The file `copyright` of the Debian package, in the format of Debian's DEP 5: the program's own licence, and those of
 * the dependencies that are in the package. `source` is the checkout with its dependencies.
 */
export function packageCopyright(source: string, year: string, carriesNode: boolean): string {
  const paragraphs = [
    ['Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/', 'Upstream-Name: railhead'],
    ['Files: *', `Copyright: ${year} The Railhead authors`, 'License: Apache-2.0'],
    ...loadedPackages(source).map((folder) => dependency(source, folder)),
    ...(carriesNode ? [NODE] : []),
    ['License: Apache-2.0', ' On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.'],
  ];
  return paragraphs.map((lines) => `${lines.join('\n')}\n`).join('\n');
}

const NODE: readonly string[] = [
  `Files: ${INSTALLED}/node`,
  'Copyright: Node.js contributors, and others',
  'License: Node.js',
  ' The MIT license, and those of the libraries within:',
  ' https://github.com/nodejs/node/blob/main/LICENSE',
];

function dependency(source: string, folder: string): string[] {
  const manifest = readManifest(folder);
  const files = `${INSTALLED}/${path.relative(source, folder)}`;
  const licence = readdirSync(folder).find((name) => /^(?:licen[cs]e|copying)/i.test(name));
  const text = licence === undefined ? '' : readFileSync(path.join(folder, licence), 'utf8');
  const where =
    licence === undefined
      ? `its package.json names it, and has no text.`
      : `the text is in /${files}/${licence}.`;
  return [
    `Files: ${files}/*`,
    `Copyright: ${holders(text, manifest).join('\n ')}`,
    `License: ${(manifest.license ?? 'unknown').replaceAll(/[()]/g, '')}-of-${manifest.name.replaceAll(/[@/]/g, '')}`,
    ` ${manifest.license ?? 'Unknown'}: ${where}`,
  ];
}

/** The notices in the text of a licence, else the author of the package. */
function holders(text: string, { author, name }: Manifest): string[] {
  const notices = [...text.matchAll(/^\W*copyright\s+(?:\(c\)\s*|©\s*)?(\d{4}.*|[A-Z].*)$/gim)].map(
    ([, holder = '']) => holder.trim(),
  );
  if (notices.length > 0) return [...new Set(notices)];
  const who = typeof author === 'string' ? author : author?.name;
  return [who ?? `the authors of ${name}`];
}
