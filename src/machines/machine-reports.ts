import { whyInvalid } from '../provision/machines/lifecycle/advance.ts';
import { lifeEventOf } from '../provision/machines/reports/report-life-event.ts';
import type { MachineReport } from '../provision/machines/reports/machine-report.ts';
import type { NewReport, ReportStore } from '../store/report-store.ts';
import { GroupCommit } from './group-commit.ts';
import type { Lives } from './lives.ts';

/** What the reports of machines depend on. */
export interface MachineReportsParts {
  readonly store: Pick<ReportStore, 'recordReports'>;
  readonly lives: Pick<Lives, 'apply' | 'of' | 'settled' | 'step'>;
  readonly now: () => Date;
}

/** The machine that a report is from. */
export interface Reporter {
  readonly machineId: string;
  /** Whether a file, an inventory or an approval declares it. */
  readonly declared: boolean;
}

/** What a report has done to the life of its machine. */
export type ReportEffect =
  | { readonly kind: 'taken' }
  /** The state of the machine has no use for it. `reason`: why, as the end of a sentence about the machine. */
  | { readonly kind: 'without_effect'; readonly reason: string };

/** Reports in one transaction: leases wait meanwhile, and a report can have 60 kB. */
const BATCH_MAX = 50;

/** Stores what machines report, and changes their lives by it. */
export class MachineReports {
  readonly #parts: MachineReportsParts;
  readonly #commit: GroupCommit<NewReport>;

  constructor(parts: MachineReportsParts) {
    this.#parts = parts;
    this.#commit = new GroupCommit(BATCH_MAX, (batch) => parts.store.recordReports(batch));
  }

  /**
   * Takes a report that is known to be from the machine. Resolves when the report and its effect are durable. Rejects
   * with a StoreError if one of them could not be stored; the machine may send the report again.
   */
  async take(reporter: Reporter, report: MachineReport): Promise<ReportEffect> {
    const { machineId } = reporter;
    const [effect] = await Promise.all([
      this.#applyTo(reporter, report),
      this.#commit.add({ at: this.#parts.now(), machineId, report }),
    ]);
    return effect;
  }

  /**
   * Why a report that the system is installed would have no effect at present, as the end of a sentence about the
   * machine; undefined if it has one, or if it is another report, which may be noted in every state.
   */
  whyWithoutEffect({ declared, machineId }: Reporter, report: MachineReport): string | undefined {
    if (report.status !== 'installed') return undefined;
    const { lives, now } = this.#parts;
    return whyInvalid(lives.of(machineId, declared), 'report_installed', now().getTime());
  }

  async #applyTo({ declared, machineId }: Reporter, report: MachineReport): Promise<ReportEffect> {
    const { lives, now } = this.#parts;
    if (report.status === 'progress') {
      lives.step(machineId);
      return { kind: 'taken' };
    }
    // What the report means depends on the state that is reached by then.
    await lives.settled(machineId);
    const event = lifeEventOf(report, lives.of(machineId, declared).state, now().getTime());
    const advance = await lives.apply({ machineId, declared, event, by: 'machine' });
    return advance.kind === 'advanced'
      ? { kind: 'taken' }
      : { kind: 'without_effect', reason: advance.reason };
  }
}
