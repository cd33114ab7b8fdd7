import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Firmware } from '../lab/virtual-machine.ts';

interface LabCommandOptions {
  readonly machines: number;
  readonly firmware: Firmware | 'both';
  readonly timeout: number;
  readonly keep: boolean;
  readonly console: boolean;
  readonly install: boolean;
  readonly cacheDir?: string;
}

/** Each machine has its own emulated processor, and they share the host's. */
const MACHINES_MAX = 16;

/** `railhead lab`: boots a private virtual rack and shows each step. */
export function registerLab(program: Command): void {
  program
    .command('lab')
    .description(
      'boot virtual machines with real firmware from a Railhead of their own, in a private network (root)',
    )
    .option('--machines <count>', `how many, ${MACHINES_MAX} at most`, readMachines, 2)
    .addOption(
      new Option('--firmware <kind>', 'how they boot; both takes turns')
        .choices(['both', 'bios', 'uefi', 'uefi-http'])
        .default('both'),
    )
    .option('--timeout <seconds>', 'how long the slowest may take', readCount, 300)
    .option('--console', "show the machines' serial consoles, too", false)
    .option('--keep', 'keep the network and the server when the machines are done, until Ctrl-C', false)
    .option('--install', 'install missing Debian packages', false)
    .option('--cache-dir <dir>', 'where to keep the test system')
    .action(async (options: LabCommandOptions) => {
      try {
        await lab(options);
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        process.stderr.write(`railhead lab: ${error.message}\n`);
        process.exitCode = 1;
      }
    });
}

async function lab(options: LabCommandOptions): Promise<void> {
  const { canMakeNamespaces } = await import('../lab/network-lab.ts');
  if (!canMakeNamespaces) {
    throw new Error(
      'this needs root to create a private network: run it again with sudo. Nothing else on this host is changed',
    );
  }
  await providePackages(options.install);
  const { runLab } = await import('../lab/run-lab.ts');
  const { LabReport } = await import('../lab/lab-report.ts');
  const { DEFAULT_CACHE_DIR } = await import('../lab/rack.ts');
  const { stdout } = process;
  const report = new LabReport((line) => stdout.write(`${line}\n`), stdout.isTTY && stdout.hasColors());
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort();
  // npm forwards a Ctrl-C that the terminal has already sent: the second one must not interrupt the clean-up.
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt).on('SIGHUP', interrupt);
  const results = await runLab(
    {
      firmwares: firmwaresOf(options),
      timeoutSeconds: options.timeout,
      keep: options.keep,
      showConsoles: options.console,
      cacheDir: options.cacheDir ?? DEFAULT_CACHE_DIR,
    },
    report,
    interrupted.signal,
  );
  if (results.length === 0 || results.some(({ failure }) => failure !== undefined)) process.exitCode = 1;
}

async function providePackages(install: boolean): Promise<void> {
  const packages = await import('../lab/debian-packages.ts');
  const missing = await packages.missingPackages(packages.RACK_REQUIREMENTS);
  if (missing.length > 0 && !install) {
    throw new Error(
      `these Debian packages are missing: ${missing.join(' ')}. Run again with --install, or install them yourself`,
    );
  }
  // The kernel is downloaded but not installed; apt needs its package lists for that too.
  if (install && (missing.length > 0 || !(await packages.hasPackageLists()))) {
    process.stdout.write(
      `Installing Debian packages: ${missing.join(' ') || 'none; only the package lists are updated'}\n`,
    );
    await packages.installPackages(missing);
    const still = await packages.missingPackages(packages.RACK_REQUIREMENTS);
    if (still.length > 0)
      throw new Error(
        `the packages were installed, but files of these are still missing: ${still.join(' ')}`,
      );
  }
}

function firmwaresOf({ firmware, machines }: LabCommandOptions): Firmware[] {
  const turns: readonly Firmware[] = firmware === 'both' ? ['bios', 'uefi'] : [firmware];
  return Array.from({ length: machines }, (_, index) => turns[index % turns.length] ?? 'bios');
}

function readCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1)
    throw new InvalidArgumentError('It must be a whole number above 0.');
  return count;
}

function readMachines(text: string): number {
  const count = readCount(text);
  if (count > MACHINES_MAX) throw new InvalidArgumentError(`There is room for ${MACHINES_MAX}.`);
  return count;
}
