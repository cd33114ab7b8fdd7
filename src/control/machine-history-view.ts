import type { MachineHistoryView } from '../api/schemas/machine.ts';
import type { MachineInventory, StoredFactChanges, StoredReport } from '../store/report-store.ts';

/** What a machine has told of itself, the newest first. */
export interface MachineHistory {
  readonly inventory?: MachineInventory;
  readonly factChanges: readonly StoredFactChanges[];
  readonly reports: readonly StoredReport[];
}

/** The view of what a machine has told of itself. */
export function historyViewOf({ factChanges, inventory, reports }: MachineHistory): MachineHistoryView {
  return {
    ...(inventory !== undefined && {
      hardware: {
        reported_at: inventory.reportedAt.toISOString(),
        changed_at: inventory.changedAt.toISOString(),
        facts: inventory.facts,
        changes: factChanges.map(({ at, changes }) => ({ at: at.toISOString(), changes })),
      },
    }),
    reports: reports.map(viewReport),
  };
}

function viewReport({ at, report }: StoredReport): MachineHistoryView['reports'][number] {
  const { configHash, disk, generation, log, message, permanent, phase, release, status } = report;
  return {
    at: at.toISOString(),
    status,
    ...(phase !== undefined && { phase }),
    message,
    ...(status === 'failed' && { permanent }),
    ...(release !== undefined && { release }),
    ...(disk !== undefined && { disk }),
    ...(configHash !== undefined && { config_hash: configHash }),
    ...(generation !== undefined && { generation }),
    log,
  };
}
