import type { KeepOutcome } from '../../provision/history/boot-event.ts';
import type { JsonObject } from '../../provision/json-value.ts';
import { macFault } from '../../provision/machines/mac-fault.ts';
import type { MachineReport } from '../../provision/machines/reports/machine-report.ts';
import { type ParsedReport, parseReport } from '../../provision/machines/reports/parse-report.ts';
import { type Answer, notYet, refuse, text } from './answer.ts';
import type { Exchange, Outcome } from './exchange.ts';
import type { MachineHistory } from './machine-history.ts';
import { readBody } from './read-body.ts';

/** After a minute a machine may always report again. */
const RETRY_SECONDS = 60;

/** `POST /report`: a machine reports about itself. It is answered once the report is durable. */
export async function takeReport(exchange: Exchange, history: MachineHistory): Promise<Outcome> {
  const { rawQuery } = exchange.read;
  const fault = macFault(rawQuery);
  if (fault !== undefined) return exchange.send(refuse(400, fault, { Connection: 'close' }));
  const body = await readBody(exchange.request);
  if (body.text === undefined) {
    return exchange.send(refuse(body.status, body.reason, { Connection: 'close' }));
  }
  const contentType = exchange.request.headers['content-type'];
  const parsed = parseReport({ rawQuery, contentType, body: body.text });
  const { report } = parsed;
  const outcome = await history.keep(exchange.read, {
    kind: 'machine.report',
    summary: summaryOf(report),
    detail: detailOf(report),
  });
  return exchange.send(answerTo(parsed, outcome));
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
