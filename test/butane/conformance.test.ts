import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Entry } from '../../src/ignition/report.ts';
import { formatEntry } from '../../src/ignition/report.ts';
import { compileCase, readButaneCases, removeFixtures, stageFixtures, unpackResources } from './corpus.ts';
import type { ButaneCase } from './corpus.ts';

const cases = readButaneCases();

/** Cases about the command and not the compiler; they are in test/cli/butane.test.ts. */
const commandCases = new Set(['flags/missing-input', 'flags/output-bad', 'flags/version']);

let home: string;
let fixtures: string;

beforeAll(() => {
  home = process.cwd();
  fixtures = stageFixtures();
  process.chdir(fixtures);
});

afterAll(() => {
  process.chdir(home);
  removeFixtures(fixtures);
});

describe('conformance with Butane 0.29.0', () => {
  test('the whole corpus is here', () => {
    expect(cases.length).toBe(2520);
  });

  test.each(cases.filter(({ family }) => !commandCases.has(family)).map((each) => [each.id, each] as const))(
    '%s',
    (_id, each) => {
      const result = compileCase(each);
      const { entries } = result;
      const isStrict = each.flags.includes('--strict');
      const exit = result.kind === 'invalid' || (isStrict && entries.length > 0) ? 1 : 0;
      expect({ exit, report: reportOf(each, entries) }).toEqual({ exit: each.exit, report: reportOf(each) });
      if (result.kind !== 'config' || exit !== 0 || each.flags.includes('--check')) return;
      expect(unpackResources(JSON.parse(result.json))).toEqual(
        unpackResources(JSON.parse(each.output ?? '')),
      );
      if (each.tags.includes('gzip-boundary')) return;
      expect(withoutGzip(`${result.json}\n`)).toBe(withoutGzip(each.output ?? ''));
    },
  );

  test.each(
    cases
      .filter(({ exit, report_match: match }) => exit !== 0 && match === 'exact')
      .map((each) => [each.id, each] as const),
  )('%s: the last line of the report', (_id, each) => {
    const result = compileCase(each);
    const failure = each.report.split('\n').at(-2);
    if (result.kind === 'invalid') expect(failure).toBe(`Error translating config: ${result.error}`);
    else expect(failure).toBe('Config produced warnings and --strict was specified');
  });
});

/** The parts of a report's entries that must agree. */
function reportOf(each: ButaneCase, entries?: readonly Entry[]): string[] {
  // Entries of drawn reports are not recorded.
  if (each.report_match === 'pretty') return [];
  const free = each.report_match === 'go-text';
  const lines = entries
    ? entries.map((entry) => formatEntry(free ? { ...entry, message: '' } : entry))
    : each.report.split('\n').filter((line) => /^(error|warning|info)[ :]/.test(line));
  const compared = free && !entries ? lines.map(withoutMessage) : lines;
  return each.unordered ? compared.toSorted() : compared;
}

function withoutMessage(line: string): string {
  return line.replace(/^((?:error|warning|info)(?: at .*?line \d+ col \d+)?: ).*$/, '$1');
}

/** Gzip files of the same contents differ between compressors. */
function withoutGzip(json: string): string {
  return json.replaceAll(/data:;base64,H4sI[^"]*/g, 'gzip');
}
