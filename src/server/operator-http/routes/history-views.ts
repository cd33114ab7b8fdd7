import type {
  AuditView,
  BootEventView,
  BootSessionView,
  TransitionView,
} from '../../../api/schemas/history.ts';
import type { BootSessionSummary } from '../../../provision/history/session-progress.ts';
import type { AuditEntry } from '../../../store/audit-store.ts';
import type { StoredBootEvent } from '../../../store/event-store.ts';
import type { Transition } from '../../../store/transition-store.ts';

export function bootEventView({ at, machineId, sessionId, ...event }: StoredBootEvent): BootEventView {
  const { address, detail, id, kind, mac, summary } = event;
  return {
    id,
    session: sessionId,
    at: at.toISOString(),
    kind,
    ...(mac !== undefined && { mac }),
    ...(address !== undefined && { address }),
    ...(machineId !== undefined && { machine: machineId }),
    summary,
    detail,
  };
}

export function transitionView({ at, machineId, ...transition }: Transition): TransitionView {
  const { detail, kind, number, source } = transition;
  return { number, at: at.toISOString(), machine: machineId, kind, source, detail };
}

export function auditView({ address, at, requestId, ...entry }: AuditEntry): AuditView {
  const { actor, detail, id, outcome, reason, target, verb } = entry;
  return {
    id,
    at: at.toISOString(),
    actor,
    ...(address !== undefined && { address }),
    verb,
    target,
    reason,
    outcome,
    ...(requestId !== undefined && { request_id: requestId }),
    detail,
  };
}

export function bootSessionView(session: BootSessionSummary): BootSessionView {
  const { address, diagnosis, id, lastAt, mac, machineId, phase, startedAt, steps } = session;
  return {
    id,
    ...(machineId !== undefined && { machine: machineId }),
    ...(mac !== undefined && { mac }),
    ...(address !== undefined && { address }),
    started_at: startedAt.toISOString(),
    last_at: lastAt.toISOString(),
    ...(phase !== undefined && { phase }),
    verdict: diagnosis.verdict,
    text: diagnosis.text,
    ...(diagnosis.advice !== undefined && { advice: diagnosis.advice }),
    steps: steps.map((step) => ({ phase: step.phase, at: step.at.toISOString(), summary: step.summary })),
  };
}
