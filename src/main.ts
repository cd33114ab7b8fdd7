import { CommanderError } from 'commander';
import { buildProgram } from './cli/program.ts';

// A pipe that is closed early, as by `head`, is not an error; a full disk for the output of a command is.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return;
  process.stderr.write(`railhead: standard output cannot be written: ${error.message}\n`);
  process.exitCode = 1;
});
// If standard error cannot be written, there is no way to report it.
process.stderr.on('error', () => undefined);

try {
  await buildProgram().parseAsync(process.argv);
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Commander has printed what is wrong; 2 is for wrong usage, and asking for help is not an error.
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
