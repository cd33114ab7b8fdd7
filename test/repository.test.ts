import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');

describe('the repository', () => {
  test('the lock file names no download host but the public registry', () => {
    const lock = readFileSync(path.join(root, 'package-lock.json'), 'utf8');
    const hosts = [...lock.matchAll(/"resolved": *"(?:git\+)?https?:\/\/([^/"]+)/g)].map((match) => match[1]);
    expect(hosts.filter((host) => host !== 'registry.npmjs.org')).toEqual([]);
  });

  test('every relative link in the documents leads somewhere', () => {
    const tracked = execFileSync('git', ['ls-files', '*.md'], { cwd: root, encoding: 'utf8' })
      .trim()
      .split('\n');
    const broken: string[] = [];
    for (const document of tracked) {
      const text = readFileSync(path.join(root, document), 'utf8').replace(/```[\s\S]*?```/g, '');
      for (const [, target] of text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
        if (target === undefined || /^[a-z]+:/.test(target)) continue;
        if (!existsSync(path.resolve(root, path.dirname(document), target)))
          broken.push(`${document}: ${target}`);
      }
    }
    expect(broken).toEqual([]);
  });

  test('decision records are numbered once each', () => {
    const numbers = readdirSync(path.join(root, 'docs/decisions'))
      .filter((name) => name.endsWith('.md'))
      .map((name) => name.slice(0, 4));
    expect(numbers.length).toBeGreaterThan(0);
    expect(new Set(numbers).size).toBe(numbers.length);
  });
});
