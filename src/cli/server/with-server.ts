import { ApiClient, ApiProblem } from '../../api/client.ts';
import { type ErrorCode, ERROR_TABLE } from '../../api/error-table.ts';
import type { ProblemDocument } from '../../api/problem-document.ts';
import { ROUTES } from '../../api/routes.ts';
import { printableText } from '../../provision/history/printable-text.ts';
import { findServer, type ServerOptions } from './find-server.ts';
import { transportTo } from './transport.ts';

/**
 * Does something with a running server. Reports what the server refuses, and what goes wrong, with the exit status 1;
 * false if the server cannot be reached, so that there is no point in going on. `subject` begins each message.
 */
export async function withServer(
  options: ServerOptions,
  work: (client: ApiClient) => Promise<void>,
  subject = '',
): Promise<boolean> {
  try {
    const place = await findServer(options);
    if (place === undefined) return false;
    await work(new ApiClient(transportTo(place), ROUTES));
  } catch (error) {
    if (!(error instanceof ApiProblem)) {
      fail(error instanceof Error ? error.message : String(error));
      return false;
    }
    fail(`${subject}${problemText(error.problem)}`);
  }
  return true;
}

/** What the server refused, why, and what to do. */
function problemText({
  allowed,
  code,
  detail,
  errors = [],
  request_id: requestId,
  title,
}: ProblemDocument): string {
  const possible = allowed === undefined ? '' : `; possible now: ${allowed.join(', ') || 'nothing'}`;
  const each = errors.map(({ field, id, index, message }) => {
    const subject = id ?? (index === undefined ? field : `entry ${index}`);
    return `\n  ${subject === undefined ? '' : `${subject}: `}${message}`;
  });
  const id = code === 'internal' && requestId !== undefined ? ` (${requestId})` : '';
  return `${detail ?? title}${possible}${each.join('')}${remedyOf(code)}${id}`;
}

/** Codes of which the detail alone does not say what to do. */
const WITH_REMEDY: ReadonlySet<string> = new Set<ErrorCode>([
  'internal',
  'unauthorized',
  'forbidden',
  'foreign_origin',
  'not_stored',
]);

function remedyOf(code: string): string {
  return WITH_REMEDY.has(code) ? `\n${ERROR_TABLE[code as ErrorCode].remedy}` : '';
}

/** Prints an error, and makes the command end with status 1. */
export function fail(message: string): void {
  const lines = message.split('\n').map(printableText);
  process.stderr.write(`${lines.join('\n')}\n`);
  process.exitCode = 1;
}
