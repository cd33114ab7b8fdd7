import type { FactChange } from '../provision/machines/reports/facts-changes.ts';
import type { MachineFacts } from '../provision/machines/reports/machine-facts.ts';
import type { MachineReport } from '../provision/machines/reports/machine-report.ts';
import type { LogRetention } from './retention.ts';

/** What a machine reported, and when. */
export interface NewReport {
  readonly at: Date;
  readonly machineId: string;
  readonly report: MachineReport;
}

/** A report with its id, which increases in order of writing. Facts are not part of it: they become the inventory. */
export interface StoredReport extends NewReport {
  readonly id: number;
}

/** What a machine reported of its hardware. */
export interface MachineInventory {
  readonly facts: MachineFacts;
  /** Since when they are as they are. */
  readonly changedAt: Date;
  /** When they were last reported. */
  readonly reportedAt: Date;
}

/** How the hardware of a machine has changed. */
export interface StoredFactChanges {
  readonly at: Date;
  readonly changes: readonly FactChange[];
}

/** Limits on inventories. That of a declared machine is always kept. */
export interface InventoryRetention {
  /** Inventories that were last reported earlier are deleted. */
  readonly before: Date;
  /** Maximum number that is deleted in one call. */
  readonly atOnce: number;
}

/** Stores what machines report, and what they reported of their hardware. */
export interface ReportStore {
  /**
   * Appends reports in order, in one transaction. Facts are merged into the inventory of the machine, part by part:
   * a report of disks alone leaves the rest. What they change is kept as history.
   */
  recordReports(reports: readonly NewReport[]): Promise<void>;
  /** The newest reports of a machine, the newest first. */
  listReports(machineId: string, limit: number): Promise<StoredReport[]>;
  /** The inventory of a machine; undefined if it has reported none. */
  findInventory(machineId: string): Promise<MachineInventory | undefined>;
  /** How the inventory of a machine has changed, the newest first. */
  listFactChanges(machineId: string, limit: number): Promise<StoredFactChanges[]>;
  /** Deletes the oldest reports beyond the limits, a limited number at a time, and returns how many it deleted. */
  pruneReports(retention: LogRetention): Promise<number>;
  /** The same for changes of inventories. */
  pruneFactChanges(retention: LogRetention): Promise<number>;
  /** The same for inventories. */
  pruneInventories(retention: InventoryRetention): Promise<number>;
}
