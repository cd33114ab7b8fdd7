import { Command } from 'commander';
import { registerIgnition } from './ignition.ts';

/** The command line: one file per command in this folder, put together here. */
export function buildProgram(): Command {
  const program = new Command('railhead')
    .description('Network-boots racks of bare metal and VMs into Flatcar Container Linux.')
    .showHelpAfterError('(run with --help for the options)');
  registerIgnition(program);
  return program;
}
