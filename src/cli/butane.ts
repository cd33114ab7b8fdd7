import type { Command } from 'commander';

/** Adds `railhead butane`, a drop-in replacement for the butane command. */
export function registerButane(program: Command): void {
  program
    .command('butane')
    .usage('[options] [input-file]')
    .description('Compile a Butane document to an Ignition configuration; a drop-in for butane.')
    .argument('[args...]')
    // butane accepts its flags anywhere and in clusters, and words its own errors.
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async (_args: string[], _options: unknown, command: Command) => {
      const { runButane } = await import('./butane-command.ts');
      process.exitCode = await runButane(command.args);
    });
}
