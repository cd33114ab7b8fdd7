import pino, { type Logger } from 'pino';

/** The logger of the whole program: one JSON object a line on standard output, times in ISO 8601. */
export function createLogger(level: string): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
}
