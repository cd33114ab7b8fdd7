import type { LifeEvent } from '../lifecycle/life-event.ts';
import type { Installation, LifeState } from '../lifecycle/life.ts';
import type { MachineReport } from './machine-report.ts';

/** What a report means for the life of a machine in a state, at a time in milliseconds since 1970. */
export function lifeEventOf(report: MachineReport, state: LifeState, nowMs: number): LifeEvent {
  const { configHash, message, permanent } = report;
  switch (report.status) {
    case 'installed':
      return { kind: 'report_installed', installation: installationOf(report, nowMs) };
    case 'up':
      return { kind: 'report_up', ...(configHash !== undefined && { configHash }) };
    case 'failed':
      // The installer goes on trying, and a machine that restarts may have attempts left.
      return state === 'installing' && !permanent
        ? { kind: 'attempt_failed', message }
        : { kind: 'report_failed', message, permanent };
    case 'progress':
      return { kind: 'step' };
  }
}

function installationOf(
  { configHash, disk, generation, release }: MachineReport,
  atMs: number,
): Installation {
  return {
    atMs,
    ...(release !== undefined && { release }),
    ...(disk !== undefined && { disk }),
    ...(configHash !== undefined && { configHash }),
    ...(generation !== undefined && { generation }),
  };
}
