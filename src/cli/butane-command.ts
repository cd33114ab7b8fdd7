import { writeFile } from 'node:fs/promises';
import { compileButane } from '../butane/compile.ts';
import { openFilesDirectory } from '../catalog/files-directory.ts';
import { formatReport } from '../ignition/report.ts';
import { butaneUsage, parseButaneFlags } from './butane-flags.ts';
import type { ButaneFlags } from './butane-flags.ts';
import { drawReport } from './drawn-report.ts';
import { describeFailure, InputError, readInput } from './read-input.ts';

/** The Butane version whose results are reproduced, and the name of this program. */
const VERSION = 'Butane v0.29.0+railhead';

/** Runs `railhead butane` and returns its exit status: 0 success, 1 invalid document, 2 wrong usage. */
export async function runButane(args: readonly string[]): Promise<number> {
  const parsed = parseButaneFlags(args);
  if ('problem' in parsed) {
    const problem = parsed.problem === '' ? '' : `${parsed.problem}\n`;
    process.stderr.write(`${problem}${butaneUsage}${problem}`);
    return 2;
  }
  const { flags } = parsed;
  if (flags.help) process.stdout.write(butaneUsage);
  else if (flags.version) process.stdout.write(`${VERSION}\n`);
  else return compile(flags);
  return 0;
}

async function compile(flags: ButaneFlags): Promise<number> {
  let input: Buffer;
  try {
    input = await readInput(flags.input);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return fail(`failed to open ${flags.input ?? '<stdin>'}: ${error.message}`);
  }
  const { filesDir, pretty } = flags;
  const result = compileButane(input, {
    pretty,
    ...(filesDir === '' ? {} : { files: openFilesDirectory(filesDir) }),
  });

  const { entries } = result;
  const report = flags.rawErrors
    ? formatReport(entries)
    : drawReport(entries, flags.input ?? '<stdin>', input.toString('utf8'), isColored(flags.color));
  process.stderr.write(report);
  if (result.kind === 'invalid') return fail(`Error translating config: ${result.error}`);
  if (flags.strict && entries.length > 0) return fail('Config produced warnings and --strict was specified');
  return flags.check ? 0 : write(`${result.json}\n`, flags.output);
}

async function write(json: string, output: string): Promise<number> {
  if (output === '') {
    process.stdout.write(json);
    return 0;
  }
  try {
    await writeFile(output, json);
    return 0;
  } catch (error) {
    return fail(`failed to open ${output}: ${describeFailure(output, error as NodeJS.ErrnoException)}`);
  }
}

/** Whether a report is coloured: as requested, or else on a terminal, unless NO_COLOR (no-color.org) is set. */
function isColored(color: string): boolean {
  if (color === 'always' || color === 'yes') return true;
  return color === 'auto' && process.stderr.isTTY && process.env['NO_COLOR'] === undefined;
}

function fail(message: string): number {
  process.stderr.write(`${message}\n`);
  return 1;
}
