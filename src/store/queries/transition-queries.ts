import type { LogRetention } from '../retention.ts';
import type { Transition, TransitionPage, TransitionQuery, TransitionStore } from '../transition-store.ts';
import type { QueryRunner } from './query-runner.ts';
import { transitionFromRow } from './rows.ts';

/** The log of transitions in either database. Appending to it is in append-transitions.ts. */
export class TransitionQueries implements TransitionStore {
  readonly #runner: QueryRunner;

  constructor(runner: QueryRunner) {
    this.#runner = runner;
  }

  async readTransitions({ after, limit }: { after: number; limit: number }): Promise<TransitionPage> {
    // The counter is read first, so that what is written later does not look like a gap.
    const last = await this.lastTransition();
    const rows = await this.#runner.read((tables) =>
      tables
        .selectFrom('transitions')
        .selectAll()
        .where('number', '>', after)
        .orderBy('number')
        .limit(limit)
        .execute(),
    );
    // Only the oldest are deleted, so that the only gap is before the first one.
    const deletedTo = rows[0] === undefined ? last : rows[0].number - 1;
    if (deletedTo > after) return { kind: 'deleted', deletedTo };
    return {
      kind: 'transitions',
      transitions: rows.map((row) => transitionFromRow(row, this.#runner.time)),
    };
  }

  async listTransitions({ before, kind, limit, machineId }: TransitionQuery): Promise<Transition[]> {
    const rows = await this.#runner.read((tables) => {
      let query = tables.selectFrom('transitions').selectAll();
      if (before !== undefined) query = query.where('number', '<', before);
      if (machineId !== undefined) query = query.where('machine_id', '=', machineId);
      if (kind !== undefined) query = query.where('kind', '=', kind as Transition['kind']);
      return query.orderBy('number', 'desc').limit(limit).execute();
    });
    return rows.map((row) => transitionFromRow(row, this.#runner.time));
  }

  async lastTransition(): Promise<number> {
    const { last } = await this.#runner.read((tables) =>
      tables.selectFrom('transition_counter').select('last').executeTakeFirstOrThrow(),
    );
    return last;
  }

  pruneTransitions({ atOnce, before, newest }: LogRetention): Promise<number> {
    const { time } = this.#runner;
    return this.#runner.write(async (tables) => {
      const { last } = await tables.selectFrom('transition_counter').select('last').executeTakeFirstOrThrow();
      const oldest = await tables
        .selectFrom('transitions')
        .select(['number', 'at'])
        .orderBy('number')
        .limit(atOnce)
        .execute();
      // From the first one on, without omissions: readers rely on the rest having no gap.
      const firstKept = oldest.find(
        ({ at, number }) => number > last - newest && time.decode(at) >= before.getTime(),
      );
      const below = firstKept?.number ?? (oldest.at(-1)?.number ?? 0) + 1;
      const { numDeletedRows } = await tables
        .deleteFrom('transitions')
        .where('number', '<', below)
        .executeTakeFirstOrThrow();
      return Number(numDeletedRows);
    });
  }
}
