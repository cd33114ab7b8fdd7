import { execa } from 'execa';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseButaneFlags } from '../../src/cli/butane-flags.ts';
import { drawReport } from '../../src/cli/drawn-report.ts';
import { compileCase, readButaneCases, removeFixtures, stageFixtures } from '../butane/corpus.ts';
import { inputOf } from '../ignition/corpus.ts';
import { PROGRAM } from '../support/program.ts';

const cases = readButaneCases();
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

async function run(args: readonly string[], input: string | Buffer = '') {
  const command = [PROGRAM, 'butane', ...args];
  const options = { cwd: fixtures, input, reject: false, stripFinalNewline: false } as const;
  const { exitCode, stdout, stderr } = await execa(process.execPath, command, options);
  return { exitCode, stdout, stderr };
}

const minimal = 'variant: flatcar\nversion: 1.1.0\n';
const compiled = '{"ignition":{"version":"3.4.0"}}\n';

describe.concurrent('railhead butane', () => {
  // The cases about the command itself; the other cases of the corpus run in this process.
  const command = cases.filter(({ id }) =>
    /^(flags\/(missing-input|output-bad|p-short|strict-check|strict-fatal)|pretty\/color-always)@/.test(id),
  );

  test('the cases of the command are here', () => {
    expect(command.length).toBe(6);
  });

  test.each(command.map((each) => [each.id, each] as const))('%s', async (_id, each) => {
    expect(await run(each.flags, inputOf(each))).toEqual({
      exitCode: each.exit,
      stdout: each.output ?? '',
      stderr: each.report,
    });
  });

  test('writes to a file', async () => {
    expect(await run(['-o', 'out.ign'], minimal)).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect(await readFile(join(fixtures, 'out.ign'), 'utf8')).toBe(compiled);
  });

  test('prints its usage', async () => {
    const { exitCode, stdout, stderr } = await run(['--bogus']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/^unknown flag: --bogus\nUsage: railhead butane \[options\] \[input-file\]\n/);
  });
});

describe('flags of railhead butane', () => {
  test.each([
    [['--bogus'], 'unknown flag: --bogus'],
    [['-x'], "unknown shorthand flag: 'x' in -x"],
    [['--output'], 'flag needs an argument: --output'],
    [['-sd'], "flag needs an argument: 'd' in -sd"],
    [['--=x'], 'bad flag syntax: --=x'],
    [
      ['--strict=maybe'],
      'invalid argument "maybe" for "-s, --strict" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
    [['a.bu', 'b.bu'], ''],
    [['--input', 'a.bu', 'b.bu'], ''],
  ])('%j is wrong usage', (args, problem) => {
    expect(parseButaneFlags(args)).toEqual({ problem });
  });

  test.each([
    [['a.bu', '-sp', '--raw'], { input: 'a.bu', strict: true, pretty: true }],
    [['-dfiles', '--output=x', '-c=false'], { filesDir: 'files', output: 'x', check: false }],
    [['-d', 'files', '--colour'], { filesDir: 'files', color: 'always' }],
    [['--color=never', '--', '-s'], { color: 'never', input: '-s', strict: false }],
    [['--input', 'a.bu'], { input: 'a.bu' }],
    [[], { input: undefined, color: 'auto', rawErrors: false }],
  ])('%j is accepted', (args, expected) => {
    expect(parseButaneFlags(args)).toMatchObject({ flags: expected });
  });
});

describe('drawn reports', () => {
  const drawn = cases.filter(({ report_match: match }) => match === 'pretty');

  test('the drawn cases are here', () => {
    expect(drawn.length).toBe(8);
  });

  test.each(drawn.map((each) => [each.id, each] as const))('%s', (_id, each) => {
    const result = compileCase(each);
    const colored = each.flags.includes('--color=always');
    const report = drawReport(result.entries, '<stdin>', inputOf(each).toString('utf8'), colored);
    const failure = result.kind === 'invalid' ? `Error translating config: ${result.error}\n` : '';
    expect(report + failure).toBe(each.report);
  });
});
