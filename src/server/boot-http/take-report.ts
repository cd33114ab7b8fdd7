import type { LifeSubject, MachineDecision } from '../../catalog/boot-decider.ts';
import type { MachineReports } from '../../machines/machine-reports.ts';
import type { KeepOutcome } from '../../provision/history/boot-event.ts';
import type { JsonObject } from '../../provision/json-value.ts';
import { macFault } from '../../provision/machines/mac-fault.ts';
import type { MachineReport } from '../../provision/machines/reports/machine-report.ts';
import { type ParsedReport, parseReport } from '../../provision/machines/reports/parse-report.ts';
import { StoreError } from '../../store/store-error.ts';
import { type Answer, notYet, refuse, text } from './answer.ts';
import type { BootLifeParts } from './boot-life-parts.ts';
import type { BootRequest } from './boot-request.ts';
import type { Exchange, Outcome } from './exchange.ts';
import type { MachineHistory } from './machine-history.ts';
import { readBody } from './read-body.ts';
import { reportAccess } from './report-access.ts';

/** After a minute a machine may always report again. */
const RETRY_SECONDS = 60;

/** What taking reports depends on. */
export interface TakeReportParts extends Pick<
  BootLifeParts,
  'cardsBehind' | 'lives' | 'now' | 'times' | 'tokens'
> {
  readonly reports: Pick<MachineReports, 'take' | 'whyWithoutEffect'>;
  readonly history: MachineHistory;
  /** What the machine that a request names boots. */
  readonly decide: (request: BootRequest) => MachineDecision;
}

/**
 * `POST /report`: a machine reports about itself. It is answered once the report, and what it changes in the life of the
 * machine, are durable.
 */
export async function takeReport(exchange: Exchange, parts: TakeReportParts): Promise<Outcome> {
  const { read, request } = exchange;
  const { rawQuery } = read;
  const fault = macFault(rawQuery);
  if (fault !== undefined) return exchange.send(refuse(400, fault, { Connection: 'close' }));
  const body = await readBody(request);
  if (body.text === undefined) {
    return exchange.send(refuse(body.status, body.reason, { Connection: 'close' }));
  }
  const access = reportAccess(parts, read, parts.decide(read));
  if (access.kind === 'refused') {
    const { answer } = access;
    if (answer.event !== undefined) parts.history.record(read, answer.event);
    return exchange.send(answer);
  }
  const contentType = request.headers['content-type'];
  const parsed = parseReport({ rawQuery, contentType, body: body.text });
  const subject = access.kind === 'permitted' ? access.subject : undefined;
  return exchange.send(await keep(read, parsed, parts, subject));
}

/** Stores a report, and applies it to the life of the machine if it is known to be from that. */
async function keep(
  read: BootRequest,
  parsed: ParsedReport,
  { history, lives, reports }: TakeReportParts,
  subject: LifeSubject | undefined,
): Promise<Answer> {
  const { report } = parsed;
  const withoutEffect = subject && reports.whyWithoutEffect(subject, report);
  const kept = await history.keep(read, {
    kind: 'machine.report',
    summary: summaryOf(report),
    // It is in the history, and is no step of the boot.
    detail: { ...detailOf(report), ...(withoutEffect !== undefined && { without_effect: withoutEffect }) },
  });
  if (kept !== 'kept' || subject === undefined) return answerTo(parsed, kept);
  const { declared, machineId } = subject;
  try {
    const effect = await reports.take(subject, report);
    if (effect.kind === 'taken') return answerTo(parsed, 'kept');
    const { state } = lives.of(machineId, declared);
    return answerWithoutEffect(parsed, `the state of machine ${machineId} stays ${state}`, effect.reason);
  } catch (error) {
    if (error instanceof StoreError) return answerTo(parsed, 'failed');
    throw error;
  }
}

function answerTo({ fault, notes, report }: ParsedReport, outcome: KeepOutcome): Answer {
  switch (outcome) {
    case 'left_out':
      return notYet('too many reports; this one was not recorded', RETRY_SECONDS);
    case 'failed':
      return notYet('the report could not be stored; send it again later', RETRY_SECONDS);
    case 'kept': {
      // Not 5xx: the report is stored, and sending it again as it is would not improve it.
      if (fault !== undefined) return refuse(400, [fault, `noted as ${report.status}`, ...notes].join('; '));
      return text(`${['noted', ...notes].join('; ')}\n`);
    }
  }
}

/**
 * A machine may report at any time that it is up or that something has failed, and its state need not follow. But one
 * that reports an installation that does not count must not believe that it is installed. 409 is not tried again by curl.
 */
function answerWithoutEffect({ notes, report }: ParsedReport, state: string, reason: string): Answer {
  if (report.status !== 'installed') return text(`${['noted', state, ...notes].join('; ')}\n`);
  return refuse(409, [`${state}: ${reason}`, 'the report was noted', ...notes].join('; '));
}

function summaryOf({ message, status }: MachineReport): string {
  return status === 'progress' || message.startsWith(status) ? message : `${status}: ${message}`;
}

function detailOf({ facts, log, ...report }: MachineReport): JsonObject {
  const { configHash, disk, generation, permanent, phase, release, status, message } = report;
  return {
    status,
    message,
    ...(phase !== undefined && { phase }),
    ...(status === 'failed' && { permanent }),
    ...(release !== undefined && { release }),
    ...(disk !== undefined && { disk }),
    ...(configHash !== undefined && { config_hash: configHash }),
    ...(generation !== undefined && { generation }),
    ...(log.length > 0 && { log }),
    ...(facts !== undefined && { facts: facts as JsonObject }),
  };
}
