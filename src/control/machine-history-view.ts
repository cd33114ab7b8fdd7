import type { FactChange } from '../provision/machines/reports/facts-changes.ts';
import type { MachineFacts } from '../provision/machines/reports/machine-facts.ts';
import type { MachineInventory, StoredFactChanges, StoredReport } from '../store/report-store.ts';

/** What a machine has told of itself, the newest first. */
export interface MachineHistory {
  readonly inventory?: MachineInventory;
  readonly factChanges: readonly StoredFactChanges[];
  readonly reports: readonly StoredReport[];
}

/** The same for people and programs. Times are RFC 3339. */
export interface MachineHistoryView {
  /** Absent if the machine has reported no hardware. */
  readonly hardware?: {
    readonly reported_at: string;
    /** Since when it is as it is. */
    readonly changed_at: string;
    readonly facts: MachineFacts;
    readonly changes: readonly { readonly at: string; readonly changes: readonly FactChange[] }[];
  };
  readonly reports: readonly {
    readonly at: string;
    readonly status: string;
    readonly phase?: string;
    readonly message: string;
    readonly permanent?: boolean;
    readonly release?: string;
    readonly disk?: string;
    readonly config_hash?: string;
    readonly generation?: string;
    readonly log: readonly string[];
  }[];
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
