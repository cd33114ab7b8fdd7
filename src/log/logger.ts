import pino, { type Logger } from 'pino';
import { LineOutput } from './line-output.ts';

/**
 * Characters that JSON may contain unescaped, and that a terminal executes: DEL and the C1 controls. JSON itself
 * escapes the other control characters.
 */
const TERMINAL_CONTROLS = /[\u007f-\u009f]/g;

/** The logger of the whole program: one JSON object per line, times in ISO 8601. */
export function createLogger(level: string, output = LineOutput.toDescriptor(1)): Logger {
  process.once('exit', () => output.end());
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line) => output.write(line.replace(TERMINAL_CONTROLS, escapeInJson)) },
  );
}

/** Such a character can only occur in a string of the line, where its escape means the same. */
function escapeInJson(control: string): string {
  return `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
