import { CommanderError } from 'commander';
import { buildProgram } from './cli/program.ts';

/** A pipe that is closed early, as by `head`, is no error. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  await buildProgram().parseAsync(process.argv);
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Commander has printed what is wrong; 2 is for wrong usage, and asking for help is none.
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
