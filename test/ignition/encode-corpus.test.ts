import { expect, test } from 'vitest';
import { encodeConfig } from '../../src/ignition/encode.ts';
import { parseConfig } from '../../src/ignition/parse-config.ts';
import { readCases } from './corpus.ts';

interface ButaneCase {
  id: string;
  flags: string[];
  exit: number;
  output: string | null;
}

test('every configuration that Butane wrote is valid, and is written again byte for byte', () => {
  const written = readCases<ButaneCase>('butane/cases.jsonl').filter(
    ({ exit, output }) => exit === 0 && output?.startsWith('{'),
  );
  expect(written.length).toBe(1532);
  for (const { id, flags, output } of written) {
    const result = parseConfig(output ?? '', { ignition: '2.26' });
    if (result.kind === 'invalid') throw new Error(`${id}: ${result.reason}`);
    const indent = flags.includes('--pretty') || flags.includes('-p') ? 2 : 0;
    expect(`${encodeConfig(result.config, result.spec, { indent })}\n`, id).toBe(output);
  }
});
