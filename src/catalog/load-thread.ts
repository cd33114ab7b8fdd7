import { parentPort, type MessagePort, workerData } from 'node:worker_threads';
import { type Problem, sortProblems } from '../documents/problem.ts';
import type { Machine } from '../provision/machines/machine.ts';
import type { Group } from '../provision/selection/group.ts';
import { lowerThreadPriority } from '../threads/lower-priority.ts';
import { AssetChecker } from './asset-checker.ts';
import { CatalogLoader, type Loaded } from './catalog-loader.ts';
import { GenerationBuilder } from './generation-builder.ts';
import { decodeKeptFiles, encodeKeptFiles } from './kept-catalog.ts';
import { inBatches } from './load-batches.ts';
import {
  type CatalogPlace,
  type LoadAnswer,
  type LoadRequest,
  type LoadThreadData,
  type Sent,
  toPlainGroup,
  toPlainMachine,
} from './load-messages.ts';
import { DirectorySource } from './sources/directory-source.ts';
import { packTree } from './sources/packed-tree.ts';
import { tryEverything } from './trial-rendering.ts';

// The thread of ThreadedCatalogLoader: reads, compiles and renders catalogs as a trial while the event loop answers
// requests.

/** Time limit of a trial rendering with a look at the assets; what is left out is counted. */
const TRIAL_MS = 10_000;
/** Problems that are reported; a generated catalog may have one in each file. */
const PROBLEMS_MAX = 1_000;

class LoadThread {
  readonly #port: MessagePort;
  readonly #hurry: Int32Array;
  readonly #place: CatalogPlace;
  readonly #assets: AssetChecker;
  readonly #loader: CatalogLoader;
  readonly #builder = new GenerationBuilder();
  readonly #keptProblems: readonly Problem[];
  #loaded: Extract<Loaded, { kind: 'content' }> | undefined;
  #filesId: string | undefined;
  #parts: Iterator<LoadAnswer> | undefined;
  #groups = new Map<Group, number>();
  #machines = new Map<Machine, number>();

  constructor(port: MessagePort, { hurry, kept, place }: LoadThreadData) {
    const files = kept && decodeKeptFiles(kept);
    const { assets, directory } = place;
    this.#port = port;
    this.#hurry = new Int32Array(hurry);
    this.#place = place;
    this.#assets = new AssetChecker(assets);
    this.#loader = new CatalogLoader(new DirectorySource(directory, Date.now), files);
    this.#keptProblems =
      kept !== undefined && files === undefined
        ? [{ file: directory, message: 'the stored copy of the catalog is damaged, and is not used' }]
        : [];
  }

  async serve(request: LoadRequest): Promise<void> {
    switch (request.kind) {
      case 'load':
        Atomics.store(this.#hurry, 0, 0);
        return this.#load(request.nowMs);
      case 'next': {
        const next = this.#parts?.next();
        this.#post(next === undefined || next.done === true ? { kind: 'end' } : next.value);
        return;
      }
      case 'try':
        return this.#try();
    }
  }

  async #load(nowMs: number): Promise<void> {
    const loaded = await this.#loader.load(nowMs);
    if (loaded.kind === 'nothing') {
      this.#post({ kind: 'nothing', problems: [...this.#keptProblems, ...loaded.problems] });
      return;
    }
    const { content, from, problems, standIns } = loaded;
    this.#loaded = loaded;
    // Groups and machines are sent as objects; templates and files for Butane are sent as bytes.
    const files = packTree(content.tree, (file) => !/^(groups|machines)(\/|$)/.test(file));
    const filesId = packedId(files);
    const isKnown = filesId === this.#filesId;
    this.#filesId = filesId;
    this.#parts = this.#makeParts(loaded);
    this.#post(
      {
        kind: 'head',
        head: {
          id: content.id,
          from,
          ...(!isKnown && { files }),
          profiles: content.profiles,
          profileProblems: content.profileProblems,
          machineProblems: content.machineProblems,
          standIns,
          problems: someOf([...this.#keptProblems, ...problems]),
          warnings: someOf(content.warnings),
        },
      },
      isKnown ? [] : [files.bytes.buffer],
    );
  }

  *#makeParts({ content }: Extract<Loaded, { kind: 'content' }>): Generator<LoadAnswer> {
    const groups = new Map<Group, number>();
    for (const batch of inBatches(content.groups, ({ group }) => this.#groups.has(group))) {
      yield {
        kind: 'groups',
        groups: batch.map(({ filedUnder, group }) => {
          const problem = content.groupProblems.get(group);
          groups.set(group, groups.size);
          return {
            group: sent(this.#groups.get(group), () => toPlainGroup(group)),
            ...(filedUnder !== undefined && { filedUnder }),
            ...(problem !== undefined && { problem }),
          };
        }),
      };
    }
    const machines = new Map<Machine, number>();
    for (const batch of inBatches(content.machines, (machine) => this.#machines.has(machine))) {
      yield {
        kind: 'machines',
        machines: batch.map((machine) => {
          machines.set(machine, machines.size);
          return sent(this.#machines.get(machine), () => toPlainMachine(machine));
        }),
      };
    }
    this.#groups = groups;
    this.#machines = machines;
  }

  async #try(): Promise<void> {
    const loaded = this.#loaded;
    if (loaded === undefined) return;
    const { content, keep } = loaded;
    const generation = this.#builder.build(content, new Date(0));
    const startMs = performance.now();
    const isOver = (): boolean =>
      performance.now() - startMs > TRIAL_MS || Atomics.load(this.#hurry, 0) === 1;
    const trial = tryEverything(content, generation, isOver, this.#place.networks);
    const assets = await this.#assets.check(trial.assets, isOver);
    const kept = keep && encodeKeptFiles(keep);
    this.#post({
      kind: 'tried',
      problems: someOf(trial.problems),
      warnings: someOf([...trial.warnings, ...assets.faults]),
      untried: trial.untried + assets.untried,
      ...(kept !== undefined && { keep: kept }),
    });
  }

  #post(answer: LoadAnswer, transfer: ArrayBuffer[] = []): void {
    this.#port.postMessage(answer, transfer);
  }
}

function sent<T>(index: number | undefined, make: () => T): Sent<T> {
  return index === undefined ? { fresh: make() } : { same: index };
}

function packedId(files: ReturnType<typeof packTree>): string {
  return JSON.stringify(files.entries);
}

function someOf(problems: readonly Problem[]): Problem[] {
  const sorted = sortProblems(problems);
  if (sorted.length <= PROBLEMS_MAX) return sorted;
  const message = `and ${sorted.length - PROBLEMS_MAX} more; \`railhead check\` names all`;
  return [...sorted.slice(0, PROBLEMS_MAX), { file: '.', message }];
}

const port = parentPort;
if (port === null) throw new Error('this file is run as a thread by ThreadedCatalogLoader');
// Machines that boot are sent first.
lowerThreadPriority();
const thread = new LoadThread(port, workerData as LoadThreadData);
let last = Promise.resolve();
port.on('message', (request: LoadRequest) => {
  last = last.then(() => thread.serve(request));
});
