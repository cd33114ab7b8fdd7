import type { MachineFacts } from './machine-facts.ts';

/** What a machine can report: it is installed, it is up, something has failed, or it took a step. */
export const REPORT_STATUSES = ['installed', 'up', 'failed', 'progress'] as const;
export type ReportStatus = (typeof REPORT_STATUSES)[number];

/** What a machine reported about itself. All texts are printable and bounded. */
export interface MachineReport {
  readonly status: ReportStatus;
  /** The step that the report is about, in the words of the script that sends it: `started`, `written`. */
  readonly phase?: string;
  /** One line for people. */
  readonly message: string;
  /** The last lines of a log, oldest first. */
  readonly log: readonly string[];
  /** With `failed`: whether trying again is pointless until somebody changes something. */
  readonly permanent: boolean;
  /** With `installed` and `up`: the release of Flatcar. */
  readonly release?: string;
  /** With `installed`: the disk. */
  readonly disk?: string;
  /** SHA-256 in hex of the config that was installed, or that the system runs. */
  readonly configHash?: string;
  /** The generation of the catalog that the config is from. */
  readonly generation?: string;
  readonly facts?: MachineFacts;
}
