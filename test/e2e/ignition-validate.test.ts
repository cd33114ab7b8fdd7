import { execa } from 'execa';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { encodeConfig } from '../../src/ignition/encode.ts';
import { parseConfig } from '../../src/ignition/parse-config.ts';
import { formatEntry } from '../../src/ignition/report.ts';
import type { Entry } from '../../src/ignition/report.ts';
import { schemaOf } from '../../src/ignition/schema.ts';
import type { StructSchema } from '../../src/ignition/schema.ts';
import { SPEC_VERSIONS } from '../../src/ignition/spec-version.ts';
import { inputOf, readCases } from '../ignition/corpus.ts';

/** The validator of the Debian package `ignition`, 2.14, which supports specifications up to 3.3.0. */
const validator = 'ignition-validate';

interface ValidateCase {
  id: string;
  input?: string;
  input_b64?: string;
  verdicts: Record<string, number>;
}

async function validate(input: string) {
  const { exitCode, stdout, stderr } = await execa(validator, ['-'], { input, reject: false });
  return { exitCode, report: `${stdout}\n${stderr}`.trim().split('\n') };
}

beforeAll(async () => {
  const { exitCode } = await execa(validator, ['-version'], { reject: false });
  expect(exitCode, `${validator} does not run: install the Debian package "ignition"`).toBe(0);
});

test('a valid configuration, written again, is accepted by the real ignition-validate', async () => {
  const accepted = readCases<ValidateCase>('ignition/validate.jsonl').filter(
    ({ verdicts }) => verdicts['2.14.0'] === 0,
  );
  expect(accepted.length).toBeGreaterThan(100);
  for (const each of accepted) {
    const result = parseConfig(inputOf(each));
    if (result.kind === 'invalid') continue;
    for (const indent of [0, 2]) {
      const input = encodeConfig(result.config, result.spec, { indent });
      const { exitCode, report } = await validate(input);
      expect(exitCode, `${each.id}: ${report.join('\n')}\n${input}`).toBe(0);
    }
  }
});

/** Strings that matter to some rule; every string field gets any of them. */
const strings = fc.constantFrom(
  ...['', 'a', 'core', '/', '/a', '/a/b', '/a/../b', 'a/b', '/etc/systemd/system/a.service', 'x'.repeat(40)],
  ...['a.service', 'a@.service', 'a@b.service', 'b.conf', 'é.mount', 'a:b', 'é'.repeat(20), 'l'.repeat(300)],
  ...[
    '[Unit]\nA=b',
    '[Install]\nWantedBy=a',
    '[Install',
    '[A]x\n',
    '[A]\nb',
    '[A]\nb=c\\\n',
    '#\\\n[A]\n=\r',
  ],
  ...[`[A]\nb=${'x'.repeat(2046)}\n`, `[A]\n${'#\n'.repeat(1500)}b=${'x'.repeat(2500)}`, 'x'.repeat(5000)],
  ...['http://', 'https://u:p@a:1/', 'http://a b', 'http://[::1', 'ftp://a', 'gs://b/k', ':', '%', 'data:,x'],
  ...[
    'data:;base64,eA==',
    'data:;base64,x',
    'data:foo/bar,',
    's3://b/k?versionId=',
    'tftp://a/#%zz',
    'a b:c',
  ],
  ...[
    'gzip',
    'ext4',
    'xfs',
    'none',
    'raid0',
    'raid1',
    'linear',
    'tpm2',
    'sha1-x',
    `sha256-${'0'.repeat(64)}`,
  ],
  ...[`sha512-${'z'.repeat(128)}`, '01234567-89ab-CDEF-0123-456789abcdef', '01234567'],
);
const ints = fc.constantFrom(0, 1, 2, 5, 10, 420, 644, -1, 0o7777, 0o10000);

/** Any value of a struct, and occasionally something that its specification does not have. */
function anyStruct(schema: StructSchema): fc.Arbitrary<Record<string, unknown>> {
  const fields = schema.fields.map((field): [string, fc.Arbitrary<unknown>] => {
    if (field.kind === 'struct') return [field.name, anyStruct(field.struct)];
    if (field.kind === 'list') {
      return [field.name, fc.array<unknown>(field.item ? anyStruct(field.item) : strings, { maxLength: 3 })];
    }
    return [field.name, { string: strings, int: ints, bool: fc.boolean() }[field.kind]];
  });
  const unknown = fc.option(fc.constant(null), { nil: undefined, freq: 1 });
  return fc.record({ ...Object.fromEntries(fields), extra: unknown }, { requiredKeys: [] });
}

const specs = SPEC_VERSIONS.slice(0, 4);
const configurations = fc.constantFrom(...specs).chain((spec) =>
  anyStruct(schemaOf(spec)).map((config) => ({
    ...config,
    ignition: { ...(config['ignition'] as object), version: spec },
  })),
);

/** Warnings and errors that were added to Ignition after 2.14. */
const newerThanDebian =
  /path conflicts with systemd|doesn't have Install section|ignored for hard link|overwrites partitioned|filesystem will be wiped/;
/** Errors in data URLs are worded by a library; only their existence and place must agree. */
const libraryWording =
  /(\.source, line \d+ col \d+|certificateAuthorities\.\d+, line \d+ col \d+|merge\.\d+, line \d+ col \d+): .*/;

function comparable(lines: readonly string[]): string[] {
  return lines
    .filter((line) => line !== '' && !newerThanDebian.test(line))
    .map((line) =>
      line
        .replace(
          'are not supported or functional in spec versions older than 3.6.0',
          'are not supported in spec versions older than 3.4.0',
        )
        .replace(/^warning(.*): unused key /i, 'warning$1: Unused key ')
        .replace(/not be reported\.$/, 'not be reported')
        .replace(libraryWording, '$1'),
    )
    .sort();
}

describe('generated configurations get the same report as from the real ignition-validate', () => {
  test.each([1, 2, 3, 4])('with seed %i', async (seed) => {
    let compared = 0;
    for (const config of fc.sample(configurations, { numRuns: 150, seed })) {
      const input = JSON.stringify(config, undefined, seed % 2);
      const real = await validate(input);
      // ignition-validate uses its report as a format string, and garbles one that contains a percent sign.
      if (real.report.some((line) => line.includes('%!'))) continue;
      const { entries } = parseConfig(input, { ignition: '2.26' });
      const ours = entries.map((entry: Entry) => formatEntry(entry));
      expect(comparable(ours), input).toEqual(comparable(real.report));
      compared++;
    }
    expect(compared).toBeGreaterThan(100);
  });
});
