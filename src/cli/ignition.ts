import type { Command } from 'commander';
import { encodeConfig } from '../ignition/encode.ts';
import { mergeLayers } from '../ignition/merge-layers.ts';
import type { VersionedConfig } from '../ignition/merge-layers.ts';
import { parseConfig, REFUSALS } from '../ignition/parse-config.ts';
import { formatEntry, formatReport, isFatal } from '../ignition/report.ts';
import type { Entry } from '../ignition/report.ts';
import { findSpecVersion, SPEC_VERSIONS } from '../ignition/spec-version.ts';
import type { SpecVersion } from '../ignition/spec-version.ts';
import { SpecDowngradeError, upconvertConfig } from '../ignition/upconvert.ts';
import { validateConfig } from '../ignition/validate.ts';
import { describeInput, InputError, readInput } from './read-input.ts';

/** The input or the result is invalid. */
const EXIT_BAD = 1;
/** Wrong usage of the command. */
const EXIT_USAGE = 2;

/** Ends a command with a message and an exit status. */
class CommandFailure extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = EXIT_BAD) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Adds `railhead ignition validate|merge|upconvert`. */
export function registerIgnition(program: Command): void {
  const ignition = program.command('ignition').description('Work with Ignition configurations.');

  ignition
    .command('validate')
    .usage('[flags] [config.ign]')
    .description(
      'Check a configuration; a drop-in for ignition-validate. Reads standard input without a file, or for -.',
    )
    .argument('[config.ign]')
    .option('--version', 'print the version of the validator')
    // ignition-validate accepts its flags with one dash or two, and words its own errors.
    .allowUnknownOption()
    .allowExcessArguments()
    .action((_file: string | undefined, options: { version?: true }, command: Command) =>
      run(() => validate(command.args, options.version === true)),
    );

  ignition
    .command('merge')
    .description('Merge configurations, each over those before it, as Ignition does. One of them may be -.')
    .argument('<parent>')
    .argument('<child...>')
    .option('--layered', 'replace resources and owners as a unit, as the layers of a profile do')
    .option('--to <version>', 'the specification to write; otherwise the newest of the inputs')
    .option('-p, --pretty', 'indent the output')
    .action((parent: string, children: string[], options: MergeCommandOptions) =>
      run(() => merge([parent, ...children], options)),
    );

  ignition
    .command('upconvert')
    .description(
      'Write a configuration in a newer specification. Reads standard input without a file, or for -.',
    )
    .argument('[config.ign]')
    .requiredOption('--to <version>', `the specification to write: ${SPEC_VERSIONS.join(', ')}`)
    .option('--strict', 'fail if the result does not meet the rules of its specification')
    .option('-p, --pretty', 'indent the output')
    .action((file: string | undefined, options: UpconvertCommandOptions) =>
      run(() => upconvert(file, options)),
    );
}

interface MergeCommandOptions {
  layered?: true;
  to?: string;
  pretty?: true;
}

interface UpconvertCommandOptions {
  to: string;
  strict?: true;
  pretty?: true;
}

async function run(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error.exitCode;
  }
}

const VALIDATE_USAGE = `Usage:
  railhead ignition validate [flags] [config.ign]

  -version
    \tprint the version of ignition-validate`;

async function validate(args: readonly string[], version: boolean): Promise<void> {
  const flags = args.filter((arg) => arg.startsWith('-') && arg !== '-');
  if (version || flags.includes('-version')) {
    process.stdout.write(`Railhead, for Ignition ${SPEC_VERSIONS[0]} to ${SPEC_VERSIONS.at(-1)}\n`);
    return;
  }
  if (flags[0] !== undefined) {
    const flag = flags[0].replace(/^--?([^=]*).*$/s, '-$1');
    throw new CommandFailure(`flag provided but not defined: ${flag}\n${VALIDATE_USAGE}`, EXIT_USAGE);
  }
  if (args.length > 1) throw new CommandFailure(VALIDATE_USAGE);

  const input = await readInput(args[0]).catch((error: unknown) => {
    throw error instanceof InputError ? new CommandFailure(`couldn't read config: ${error.message}`) : error;
  });
  const result = parseConfig(input);
  // Like ignition-validate: the report goes to standard output, everything else to standard error.
  process.stdout.write(formatReport(result.entries));
  if (result.kind === 'config') return;
  if (result.entries.length === 0) throw new CommandFailure(`couldn't parse config: ${result.reason}`);
  process.exitCode = EXIT_BAD;
}

async function merge(files: readonly string[], options: MergeCommandOptions): Promise<void> {
  if (files.filter((file) => file === '-').length > 1) {
    throw new CommandFailure(
      'Standard input can be only one of the configurations: name files for the others.',
      EXIT_USAGE,
    );
  }
  const target = options.to === undefined ? {} : { to: parseTarget(options.to) };
  const [first, ...rest] = files;
  const layers: [VersionedConfig, ...VersionedConfig[]] = [await load(first)];
  for (const file of rest) layers.push(await load(file));
  const { config, spec } = refusingDowngrade(() =>
    mergeLayers(layers, { mode: options.layered ? 'layered' : 'ignition', ...target }),
  );
  const entries = validateConfig(config, spec);
  if (isFatal(entries)) {
    throw new CommandFailure(
      `The merged configuration is not valid:\n${entries.map(formatEntry).join('\n')}`,
    );
  }
  process.stdout.write(`${encodeConfig(config, spec, { indent: options.pretty ? 2 : 0 })}\n`);
}

async function upconvert(file: string | undefined, options: UpconvertCommandOptions): Promise<void> {
  const target = parseTarget(options.to);
  const { config, spec } = await load(file);
  const converted = refusingDowngrade(() => upconvertConfig(config, spec, target));
  const errors = validateConfig(converted, target).filter(({ kind }) => kind === 'error');
  if (errors.length > 0) {
    const report = `The result does not meet the rules of Ignition ${target}:\n${errors.map(formatEntry).join('\n')}`;
    if (options.strict) throw new CommandFailure(report);
    process.stderr.write(`${report}\n`);
  }
  process.stdout.write(`${encodeConfig(converted, target, { indent: options.pretty ? 2 : 0 })}\n`);
}

function parseTarget(text: string): SpecVersion {
  const target = findSpecVersion(text);
  if (!target) {
    throw new CommandFailure(
      `--to ${text}: not a known Ignition specification; known are ${SPEC_VERSIONS.join(', ')}`,
      EXIT_USAGE,
    );
  }
  return target;
}

function refusingDowngrade<T>(convert: () => T): T {
  try {
    return convert();
  } catch (error) {
    throw error instanceof SpecDowngradeError ? new CommandFailure(error.message) : error;
  }
}

/** Reads a configuration that must be valid; its report goes to standard error, each entry after the file's name. */
async function load(file: string | undefined): Promise<VersionedConfig> {
  const name = describeInput(file);
  const input = await readInput(file).catch((error: unknown) => {
    throw error instanceof InputError ? new CommandFailure(error.message) : error;
  });
  const result = parseConfig(input);
  const report = result.entries.map((entry: Entry) => `${name}: ${formatEntry(entry)}`);
  if (result.kind === 'config') {
    process.stderr.write(report.map((line) => `${line}\n`).join(''));
    return result;
  }
  if (result.reason !== REFUSALS.invalid) report.push(`${name}: ${result.reason}`);
  throw new CommandFailure(report.join('\n'));
}
