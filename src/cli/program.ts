import { Command } from 'commander';

/** The command line: one file per command in this folder, put together here. */
export function buildProgram(): Command {
  return new Command('railhead')
    .description('Network-boots racks of bare metal and VMs into Flatcar Container Linux.')
    .showHelpAfterError('(run with --help for the options)');
}
