import { programVersion } from '../app/program-version.ts';
import { Command } from 'commander';
import { registerButane } from './butane.ts';
import { registerCatalog } from './catalog-command.ts';
import { registerCheck } from './check.ts';
import { registerContext } from './context.ts';
import { registerDoctor } from './doctor.ts';
import { registerEvents } from './events.ts';
import { registerExplain } from './explain.ts';
import { registerIgnition } from './ignition.ts';
import { registerInventory } from './inventory.ts';
import { registerLab } from './lab.ts';
import { registerListings } from './listings.ts';
import { registerMachines } from './machines.ts';
import { registerRender } from './render.ts';
import { registerServe } from './serve.ts';
import { registerTokens } from './tokens.ts';

/** The command line: each file in this folder is one command; they are assembled here. */
export function buildProgram(): Command {
  const program = new Command('railhead')
    .description('Network-boots racks of bare metal and VMs into Flatcar Container Linux.')
    .version(programVersion(), '--version', 'print the version')
    // The options after a command belong to it: `railhead butane --version` is Butane's.
    .enablePositionalOptions()
    .showHelpAfterError('(run with --help for the options)')
    .helpCommand(false)
    .exitOverride();
  registerServe(program);
  registerCheck(program);
  registerDoctor(program);
  registerMachines(program);
  registerListings(program);
  registerInventory(program);
  registerEvents(program);
  registerCatalog(program);
  registerTokens(program);
  registerContext(program);
  registerExplain(program);
  registerRender(program);
  registerButane(program);
  registerIgnition(program);
  registerLab(program);
  registerHelp(program);
  return program;
}

/** `railhead help [COMMAND]`; Commander's own help treats an unknown command as none. */
function registerHelp(program: Command): void {
  program
    .command('help')
    .description('show the help of a command')
    .argument('[command]')
    .action((name: string | undefined) => {
      const command = program.commands.find((one) => one.name() === name);
      if (name !== undefined && command === undefined) {
        const names = program.commands.map((one) => one.name()).join(', ');
        program.error(`error: unknown command '${name}'; the commands are ${names}`);
      }
      (command ?? program).help();
    });
}
