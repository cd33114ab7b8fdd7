import { type MachineFacts, readFacts } from './machine-facts.ts';
import { type MachineReport, REPORT_STATUSES, type ReportStatus } from './machine-report.ts';
import { linesOf, LOG_LINES_MAX, logTail, MESSAGE_LENGTH_MAX, reportedLine } from './report-text.ts';

/** `POST /report` as it came. */
export interface ReportRequest {
  /** The query without the question mark. */
  readonly rawQuery: string;
  /** The Content-Type header. */
  readonly contentType: string | undefined;
  /** Its size is limited by whoever reads it. */
  readonly body: string;
}

/** A report, and what of it could not be used. Whatever a machine sends, there is a report. */
export interface ParsedReport {
  readonly report: MachineReport;
  /** A sentence for each value that was left out. */
  readonly notes: readonly string[];
  /** What the sender must correct, since the report does not say what it should; undefined if it does. */
  readonly fault?: string;
}

const WORD = /^[a-z0-9][a-z0-9_.+-]{0,63}$/i;
const SHA256 = /^[0-9a-f]{64}$/i;
const DISK_LENGTH_MAX = 200;
const YES = new Set(['1', 'true', 'yes']);
const NO = new Set(['', '0', 'false', 'no']);

/** Parameters of the query and keys of the JSON body that have one value. */
const VALUES = ['status', 'phase', 'message', 'permanent', 'release', 'disk', 'config_hash', 'generation'];
type Values = ReadonlyMap<string, string>;

/**
 * Reads a report. The query says what it is about; the body is text, or a JSON object with the same names and `log` and
 * `facts` besides. Of a text body the first line is the message and the rest is the log; if the query has a message, all
 * of it is the log. What the query says counts for more than the body.
 */
export function parseReport({ body, contentType, rawQuery }: ReportRequest): ParsedReport {
  const notes: string[] = [];
  const parsed = readBody(body, contentType, notes);
  const values = new Map([...parsed.values, ...queryValues(rawQuery)]);
  const { lines } = parsed;
  const message = values.get('message') ?? (parsed.isText ? lines.shift() : undefined);
  const { leftOut, log } = logTail(lines);
  if (leftOut > 0) notes.push(`of the log only the last ${LOG_LINES_MAX} lines were kept`);
  const status = readStatus(values);
  const faults = [parsed.fault, status.fault].filter((fault) => fault !== undefined);
  const phase = readWord(values, 'phase', WORD, notes);
  const release = readWord(values, 'release', WORD, notes);
  const configHash = readWord(values, 'config_hash', SHA256, notes)?.toLowerCase();
  const generation = readWord(values, 'generation', WORD, notes);
  const disk = reportedLine(values.get('disk') ?? '', DISK_LENGTH_MAX);
  const { facts } = parsed;
  return {
    report: {
      status: status.status,
      ...(phase !== undefined && { phase }),
      message:
        reportedLine((message ?? '').trim(), MESSAGE_LENGTH_MAX) ||
        defaultMessage(status.status, phase, facts),
      log,
      permanent: readPermanent(values, notes),
      ...(release !== undefined && { release }),
      ...(disk !== '' && { disk }),
      ...(configHash !== undefined && { configHash }),
      ...(generation !== undefined && { generation }),
      ...(facts !== undefined && { facts }),
    },
    notes,
    ...(faults.length > 0 && { fault: faults.join('; ') }),
  };
}

interface ReportBody {
  readonly values: Values;
  readonly lines: string[];
  readonly isText: boolean;
  readonly facts?: MachineFacts;
  readonly fault?: string;
}

function readBody(body: string, contentType: string | undefined, notes: string[]): ReportBody {
  const isJson = /^application\/(?:[\w.+-]+\+)?json\b/i.test(contentType ?? '');
  // `curl --data` sends JSON too as a form, so a body that is a JSON object is read as one.
  if (isJson || body.trimStart().startsWith('{')) {
    const object = parseObject(body);
    if (object !== undefined) return readJson(object, notes);
  }
  const text = { values: new Map(), lines: linesOf(body.trimStart()), isText: true };
  return isJson ? { ...text, fault: 'the body is not a JSON object, and was kept as text' } : text;
}

function parseObject(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function readJson(object: Record<string, unknown>, notes: string[]): ReportBody {
  const values = new Map<string, string>();
  let lines: string[] = [];
  let facts: MachineFacts | undefined;
  const unknown: string[] = [];
  for (const [key, value] of Object.entries(object)) {
    if (value === null) continue;
    if (key === 'facts') {
      const read = readFacts(value);
      facts = read.facts;
      notes.push(...read.notes);
    } else if (key === 'log') {
      const items: unknown[] = Array.isArray(value) ? value : [value];
      lines = items.filter((item) => typeof item === 'string').flatMap(linesOf);
      if (items.some((item) => typeof item !== 'string')) {
        notes.push('log takes a text or a list of texts; what is something else was left out');
      }
    } else if (!VALUES.includes(key)) unknown.push(reportedLine(key, 40));
    else if (typeof value === 'string') values.set(key, value);
    else if (typeof value === 'number' || typeof value === 'boolean') values.set(key, String(value));
    else notes.push(`${key} takes a text, and was left out`);
  }
  if (unknown.length > 0) {
    const more = unknown.length > 10 ? ` and ${unknown.length - 10} more` : '';
    notes.push(`a report has no ${unknown.slice(0, 10).join(', ')}${more}; left out`);
  }
  return { values, lines, isText: false, ...(facts !== undefined && { facts }) };
}

/** The parameters that have a value; of one that is repeated the first counts. */
function queryValues(rawQuery: string): Values {
  const values = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(rawQuery)) {
    if (VALUES.includes(name) && value.trim() !== '' && !values.has(name)) values.set(name, value);
  }
  return values;
}

function readStatus(values: Values): { readonly status: ReportStatus; readonly fault?: string } {
  const word = values.get('status')?.trim() ?? 'progress';
  const status = REPORT_STATUSES.find((known) => known === word);
  if (status !== undefined) return { status };
  const fault = `status=${reportedLine(word, 40)} is unknown: it is installed, up, failed or progress`;
  return { status: 'progress', fault };
}

function readWord(values: Values, name: string, form: RegExp, notes: string[]): string | undefined {
  const word = values.get(name)?.trim() ?? '';
  if (word === '') return undefined;
  if (form.test(word)) return word;
  const takes =
    form === SHA256 ? '64 hexadecimal digits' : '1 to 64 letters, digits, dots, dashes and underscores';
  notes.push(`${name} takes ${takes}, and was left out`);
  return undefined;
}

function readPermanent(values: Values, notes: string[]): boolean {
  const word = values.get('permanent')?.trim().toLowerCase() ?? '';
  if (!YES.has(word) && !NO.has(word)) notes.push('permanent takes true or false, and was left out');
  return YES.has(word);
}

function defaultMessage(
  status: ReportStatus,
  phase: string | undefined,
  facts: MachineFacts | undefined,
): string {
  if (phase !== undefined) return phase;
  return status === 'progress' && facts !== undefined ? 'facts about the hardware' : status;
}
