import { Command } from 'commander';
import { registerButane } from './butane.ts';
import { registerCheck } from './check.ts';
import { registerDoctor } from './doctor.ts';
import { registerExplain } from './explain.ts';
import { registerIgnition } from './ignition.ts';
import { registerLab } from './lab.ts';
import { registerRender } from './render.ts';
import { registerServe } from './serve.ts';

/** The command line: one file per command in this folder, put together here. */
export function buildProgram(): Command {
  const program = new Command('railhead')
    .description('Network-boots racks of bare metal and VMs into Flatcar Container Linux.')
    .showHelpAfterError('(run with --help for the options)')
    .exitOverride();
  registerServe(program);
  registerCheck(program);
  registerDoctor(program);
  registerExplain(program);
  registerRender(program);
  registerButane(program);
  registerIgnition(program);
  registerLab(program);
  return program;
}
