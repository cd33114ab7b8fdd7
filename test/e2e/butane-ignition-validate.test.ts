import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileCase, readButaneCases, removeFixtures, stageFixtures } from '../butane/corpus.ts';

const run = promisify(execFile);
/** From Debian's package `ignition`: 2.14, which supports specifications up to 3.3.0. */
const validator = '/usr/bin/ignition-validate';
/** Number of simultaneous processes. */
const parallel = 4;

let home: string;
let fixtures: string;

beforeAll(async () => {
  // A missing validator is an error, and not a reason to skip the test.
  await access(validator);
  home = process.cwd();
  fixtures = stageFixtures();
  process.chdir(fixtures);
});

afterAll(() => {
  process.chdir(home);
  removeFixtures(fixtures);
});

/** The validator's result for a configuration: its exit status and its report. */
function validate(json: string): Promise<{ status: number; report: string }> {
  const running = run(validator, ['-']);
  running.child.stdin?.end(json);
  return running.then(
    ({ stdout, stderr }) => ({ status: 0, report: stdout + stderr }),
    (error: { code?: number; stdout?: string; stderr?: string }) => ({
      status: error.code ?? -1,
      report: `${error.stdout ?? ''}${error.stderr ?? ''}`,
    }),
  );
}

describe("Debian's ignition-validate", () => {
  test('accepts every configuration that is compiled from a recorded flatcar 1.0.0 document', async () => {
    const compiled = readButaneCases()
      .filter(({ variant, version, exit }) => variant === 'flatcar' && version === '1.0.0' && exit === 0)
      .flatMap((each) => {
        const result = compileCase(each);
        return result.kind === 'config' ? [{ id: each.id, json: result.json }] : [];
      });
    expect(compiled.length).toBeGreaterThan(200);

    const refused: string[] = [];
    const queue = [...compiled];
    const work = async () => {
      for (let next = queue.pop(); next; next = queue.pop()) {
        const { status, report } = await validate(next.json);
        if (status !== 0) refused.push(`${next.id}: ${report}`);
      }
    };
    await Promise.all(Array.from({ length: parallel }, work));
    expect(refused).toEqual([]);
  });

  test('refuses invalid configurations, so that its acceptance is meaningful', async () => {
    const json = '{"ignition":{"version":"3.3.0"},"storage":{"files":[{"path":"relative"}]}}';
    expect(await validate(json)).toMatchObject({ status: 1 });
  });
});
