import pino, { type Logger } from 'pino';

/** What is held back at most until the turn of the event loop ends. */
const BUFFER_BYTES = 8 * 1024;

/** The logger of the whole program: one JSON object a line on standard output, times in ISO 8601. `descriptor`: another file. */
export function createLogger(level: string, descriptor = 1): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    writeOnceATurn(descriptor),
  );
}

/**
 * Writes the lines of one turn of the event loop with one call: in a boot storm a call for each of them costs as much
 * as the packets they tell of. Nothing is held back longer, so that a crash takes no line of an earlier turn.
 */
function writeOnceATurn(descriptor: number): pino.DestinationStream {
  const output = pino.destination({ dest: descriptor, sync: true, minLength: BUFFER_BYTES });
  let flush: NodeJS.Immediate | undefined;
  process.once('exit', () => output.flushSync());
  return {
    write(line) {
      output.write(line);
      flush ??= setImmediate(() => {
        flush = undefined;
        output.flushSync();
      });
    },
  };
}
