import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');

/** The documents, without quoted text. */
function documents(): { file: string; prose: string }[] {
  const tracked = execFileSync('git', ['ls-files', '*.md'], { cwd: root, encoding: 'utf8' });
  return tracked
    .trim()
    .split('\n')
    .map((file) => ({
      file,
      prose: readFileSync(path.join(root, file), 'utf8').replace(/```[\s\S]*?```/g, ''),
    }));
}

/** Whether the target of a link in a document exists, including the heading. */
function isThere(from: string, link: string): boolean {
  const [target = '', heading] = link.split('#');
  const file = target === '' ? path.join(root, from) : path.resolve(root, path.dirname(from), target);
  if (!existsSync(file)) return false;
  if (heading === undefined) return true;
  const headings = readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm);
  return [...headings].some(([, text = '']) => anchorOf(text) === heading);
}

/** The anchor that GitHub gives to a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

describe('the repository', () => {
  test('the lock file names no download host but the public registry', () => {
    const lock = readFileSync(path.join(root, 'package-lock.json'), 'utf8');
    const hosts = [...lock.matchAll(/"resolved": *"(?:git\+)?https?:\/\/([^/"]+)/g)].map((match) => match[1]);
    expect(hosts.filter((host) => host !== 'registry.npmjs.org')).toEqual([]);
  });

  test('every relative link in the documents has a target', () => {
    const broken = documents().flatMap(({ file, prose }) =>
      [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) =>
        /^[a-z]+:/.test(target) || isThere(file, target) ? [] : [`${file}: ${target}`],
      ),
    );
    expect(broken).toEqual([]);
  });

  test('every file of the project that the documents name exists', () => {
    const missing = documents().flatMap(({ file, prose }) =>
      [...prose.matchAll(/`((?:src|test|bench|fuzz|scripts|deploy)\/[\w./-]+)`/g)].flatMap(
        ([, named = '']) => (existsSync(path.join(root, named)) ? [] : [`${file}: ${named}`]),
      ),
    );
    expect(missing).toEqual([]);
  });

  test('each number of a decision record is used once', () => {
    const numbers = readdirSync(path.join(root, 'docs/decisions'))
      .filter((name) => name.endsWith('.md'))
      .map((name) => name.slice(0, 4));
    expect(numbers.length).toBeGreaterThan(0);
    expect(new Set(numbers).size).toBe(numbers.length);
  });
});
