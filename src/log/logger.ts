import pino, { type Logger } from 'pino';
import { LineOutput } from './line-output.ts';

/** The logger of the whole program: one JSON object a line, times in ISO 8601. */
export function createLogger(level: string, output = LineOutput.toDescriptor(1)): Logger {
  process.once('exit', () => output.end());
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    output,
  );
}
