import { execa } from 'execa';
import { expect, test } from 'vitest';
import { encodeConfig } from '../../src/ignition/encode.ts';
import { parseConfig } from '../../src/ignition/parse-config.ts';
import { inputOf, readCases } from '../ignition/corpus.ts';

/** The validator of the Debian package `ignition`, 2.14, which knows specifications up to 3.3.0. */
const validator = 'ignition-validate';

interface ValidateCase {
  id: string;
  input?: string;
  input_b64?: string;
  verdicts: Record<string, number>;
}

test('what is written from a valid configuration is accepted by the real ignition-validate', async () => {
  const version = await execa(validator, ['-version'], { reject: false });
  expect(version.exitCode, `${validator} does not run: install the Debian package "ignition"`).toBe(0);

  const accepted = readCases<ValidateCase>('ignition/validate.jsonl').filter(
    ({ verdicts }) => verdicts['2.14.0'] === 0,
  );
  expect(accepted.length).toBeGreaterThan(100);
  for (const each of accepted) {
    const result = parseConfig(inputOf(each));
    if (result.kind === 'invalid') continue;
    for (const indent of [0, 2]) {
      const input = encodeConfig(result.config, result.spec, { indent });
      const { exitCode, stdout, stderr } = await execa(validator, ['-'], { input, reject: false });
      expect(exitCode, `${each.id}: ${stdout}${stderr}\n${input}`).toBe(0);
    }
  }
});
