import { createReadStream } from 'node:fs';

/** Maximum size in bytes of a file that a command reads: far above any configuration, far below the memory. */
const INPUT_BYTES_MAX = 256 * 1024 * 1024;

/** A file or standard input could not be read; the message names it and the reason. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** Reads a whole file, or standard input for `-` and for no name; throws InputError. */
export async function readInput(name = '-'): Promise<Buffer> {
  const stream = name === '-' ? process.stdin : createReadStream(name);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > INPUT_BYTES_MAX) throw new InputError(`${describeInput(name)} is larger than 256 MiB`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(describeFailure(name, error as NodeJS.ErrnoException), { cause: error });
  }
  return Buffer.concat(chunks);
}

/** The name of an input in messages. */
export function describeInput(name = '-'): string {
  return name === '-' ? 'standard input' : name;
}

/** Words a system error as the replaced tools do: `open /x: no such file or directory`. */
export function describeFailure(name: string, error: NodeJS.ErrnoException): string {
  const operation = error.syscall === 'read' ? 'read' : 'open';
  return `${operation} ${describeInput(name)}: ${REASONS[error.code ?? ''] ?? error.message}`;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
  ENOTDIR: 'not a directory',
};
