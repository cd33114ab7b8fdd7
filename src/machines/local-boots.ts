import type { Logger } from 'pino';
import {
  afterFailedMethod,
  afterWorkingMethod,
  type LocalBootMethod,
  type MachineModel,
  modelKey,
  type ModelLocalBoot,
  newModelLocalBoot,
  nextMethod,
  returnsMax,
} from '../provision/boot/local-boot.ts';
import type { LocalBootChange, LocalBootStore, MachineLocalBoot } from '../store/local-boot-store.ts';
import { StoreError } from '../store/store-error.ts';

/** What local boot depends on. */
export interface LocalBootsParts {
  readonly store: LocalBootStore;
  readonly log: Logger;
  readonly now: () => Date;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

/** A machine that asks for its script again within this time has not booted from its disk. */
const RETURN_MS = 2 * 60_000;
/** A request that is repeated within this time is the same one. */
const REPEAT_MS = 3_000;
/** How often is it looked at who has stayed away, and is what was learned written. */
const LOOK_EVERY_MS = 5_000;
/** Makers and products are what clients say, so they are limited. */
const MODELS_MAX = 5_000;

/** A network card whose machine was sent to its disk, and whose success is not known yet. */
interface Trial {
  readonly machineId: string;
  readonly model: MachineModel;
  readonly method: LocalBootMethod;
  readonly isSet: boolean;
  readonly sentAtMs: number;
  /** How often in a row it has come back with this method. */
  readonly returns: number;
}

/** How a machine boots from its disk, as far as that was found out. */
export interface LearnedLocalBoot {
  readonly model: MachineModel;
  readonly method: LocalBootMethod;
  /** Whether the method is for this machine alone, since that of its model does not work on it. */
  readonly isOwn: boolean;
  /** Whether a machine of the model was seen to stay on its disk. */
  readonly works: boolean;
  /** The methods that have failed. */
  readonly failed: readonly LocalBootMethod[];
}

/** A declared machine that is sent to its disk. */
export interface SentToDisk {
  readonly machineId: string;
  /** The network card that asked. */
  readonly mac: string;
  readonly model: MachineModel;
  /** The method that its record or profile names; undefined if the one to use is to be found out. */
  readonly set: LocalBootMethod | undefined;
}

/**
 * Knows how machines boot from their own disks. Methods are tried in order, for each maker and product: a machine that
 * comes back again and again within two minutes shows that a method does not work, and one that stays away or reports
 * that it is up shows that it does. What was learned is written in the background.
 */
export class LocalBoots {
  readonly #parts: LocalBootsParts;
  readonly #models = new Map<string, ModelLocalBoot>();
  readonly #machines = new Map<string, MachineLocalBoot>();
  /** By machine, then by network card: each card has entries of its own in the boot order. */
  readonly #trials = new Map<string, Map<string, Trial>>();
  readonly #unwritten = new Map<string, LocalBootChange>();
  #writing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  private constructor(parts: LocalBootsParts) {
    this.#parts = parts;
  }

  /** Reads what is kept. */
  static async load(parts: LocalBootsParts): Promise<LocalBoots> {
    const boots = new LocalBoots(parts);
    const { machines, models } = await parts.store.loadLocalBoots();
    for (const known of models) boots.#models.set(modelKey(known.model), known);
    for (const known of machines) boots.#machines.set(known.machineId, known);
    return boots;
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), LOOK_EVERY_MS).unref();
  }

  /** Writes what is not written yet. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#write();
  }

  /**
   * The method for a machine of a model, or for one that has asked before if no model is given, as by firmware.
   * Undefined if nothing is known of it.
   */
  find(machineId: string | undefined, model?: MachineModel): LocalBootMethod | undefined {
    const machine = machineId === undefined ? undefined : this.#machines.get(machineId);
    const isSame = model === undefined || (machine !== undefined && isSameModel(machine.model, model));
    if (isSame && machine?.method !== undefined) return machine.method;
    const asked = model ?? machine?.model;
    return asked && (this.#models.get(modelKey(asked)) ?? newModelLocalBoot(asked)).method;
  }

  /** A machine gets a script that sends it to its disk: returns by which method. */
  send({ mac, machineId, model, set }: SentToDisk): LocalBootMethod {
    const nowMs = this.#parts.nowMs();
    const returns = this.#noteReturn(machineId, mac, nowMs);
    const method = set ?? this.find(machineId, model) ?? newModelLocalBoot(model).method;
    const trials = this.#trials.get(machineId) ?? new Map<string, Trial>();
    const earlier = trials.get(mac);
    if (earlier?.method === method && nowMs - earlier.sentAtMs < REPEAT_MS) return method;
    trials.set(mac, { machineId, model, method, isSet: set !== undefined, sentAtMs: nowMs, returns });
    this.#trials.set(machineId, trials);
    const known = this.#machines.get(machineId);
    // A method that is set also ends what was learned from this machine, for the time when it is set no more.
    const isOver = set !== undefined && known?.method !== undefined;
    if (known === undefined || isOver || !isSameModel(known.model, model)) {
      this.#keepMachine({ machineId, model, failed: [] });
    }
    return method;
  }

  /** The machine reported that its system is up. */
  cameUp(machineId: string): void {
    const latest = latestOf(this.#trials.get(machineId));
    if (latest !== undefined) this.#noteWorking(latest);
  }

  /** The machine boots something else: whether it would have stayed on its disk is not known. */
  bootsElse(machineId: string): void {
    this.#trials.delete(machineId);
  }

  /** Forgets what was learned from one machine. */
  forget(machineId: string): void {
    this.#trials.delete(machineId);
    if (this.#machines.delete(machineId))
      this.#unwritten.set(`machine ${machineId}`, { kind: 'forget', machineId });
  }

  /** What is known of each model, in the order in which it was learned. */
  models(): Iterable<ModelLocalBoot> {
    return this.#models.values();
  }

  /** What was learned about a machine that was sent to its disk; undefined if it never was. */
  describe(machineId: string): LearnedLocalBoot | undefined {
    const machine = this.#machines.get(machineId);
    if (machine === undefined) return undefined;
    const known = this.#models.get(modelKey(machine.model)) ?? newModelLocalBoot(machine.model);
    return {
      model: machine.model,
      method: machine.method ?? known.method,
      isOwn: machine.method !== undefined,
      works: machine.method === undefined && known.works,
      failed: machine.method === undefined ? known.failed : machine.failed,
    };
  }

  /** Notes which machines have stayed away, and writes what was learned. Resolves when it is durable, or could not be. */
  look(): Promise<void> {
    const nowMs = this.#parts.nowMs();
    for (const trials of this.#trials.values()) {
      const latest = latestOf(trials);
      if (latest !== undefined && nowMs - latest.sentAtMs >= RETURN_MS) this.#noteWorking(latest);
    }
    return this.#write();
  }

  /** A card asks again: returns how often in a row it has now come back with the same method. */
  #noteReturn(machineId: string, mac: string, nowMs: number): number {
    const trials = this.#trials.get(machineId);
    const latest = latestOf(trials);
    if (latest !== undefined && nowMs - latest.sentAtMs >= RETURN_MS) {
      this.#noteWorking(latest);
      return 0;
    }
    const trial = trials?.get(mac);
    if (trial === undefined) return 0;
    if (nowMs - trial.sentAtMs < REPEAT_MS) return trial.returns;
    const returns = trial.returns + 1;
    if (returns < returnsMax(trial.model)) return returns;
    this.#noteFailed(trial);
    return 0;
  }

  #noteWorking({ machineId, method, model }: Trial): void {
    this.#trials.delete(machineId);
    const known = this.#models.get(modelKey(model)) ?? newModelLocalBoot(model);
    const changed = afterWorkingMethod(known, method, this.#parts.now().getTime());
    if (changed !== undefined) this.#keepModel(changed);
  }

  #noteFailed({ isSet, machineId, method, model }: Trial): void {
    this.#trials.delete(machineId);
    const known = this.#models.get(modelKey(model)) ?? newModelLocalBoot(model);
    const next = isSet ? undefined : afterFailedMethod(known, method, this.#parts.now().getTime());
    if (next !== undefined) this.#keepModel(next);
    else if (!isSet) {
      // The method works on other machines of the model, or this machine has one of its own.
      const failedBefore = this.#machines.get(machineId)?.failed ?? [];
      this.#keepMachine({ machineId, model, ...nextMethod(model, failedBefore, method) });
    }
    const trying = isSet ? method : this.find(machineId, model);
    this.#parts.log.warn(
      { machine: machineId, manufacturer: model.manufacturer, product: model.product, method, trying },
      isSet
        ? 'a machine keeps coming back from booting its disk with the method that local_boot names: try another one'
        : 'a machine keeps coming back from booting its disk: trying the next method',
    );
  }

  #keepModel(known: ModelLocalBoot): void {
    const key = modelKey(known.model);
    if (this.#models.size >= MODELS_MAX && !this.#models.has(key)) return;
    this.#models.set(key, known);
    this.#unwritten.set(`model ${key}`, { kind: 'model', value: known });
  }

  #keepMachine(known: MachineLocalBoot): void {
    this.#machines.set(known.machineId, known);
    this.#unwritten.set(`machine ${known.machineId}`, { kind: 'machine', value: known });
  }

  #write(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      const changes = [...this.#unwritten];
      if (changes.length === 0) return;
      this.#unwritten.clear();
      try {
        await this.#parts.store.commitLocalBoots(changes.map(([, change]) => change));
      } catch (error) {
        // Later changes of the same model or machine stay, and all are written at the next time.
        for (const [key, change] of changes) if (!this.#unwritten.has(key)) this.#unwritten.set(key, change);
        if (!(error instanceof StoreError))
          this.#parts.log.error({ err: error }, 'how machines boot from their disks could not be stored');
      }
    });
    return this.#writing;
  }
}

function latestOf(trials: ReadonlyMap<string, Trial> | undefined): Trial | undefined {
  return [...(trials?.values() ?? [])].sort((a, b) => b.sentAtMs - a.sentAtMs)[0];
}

function isSameModel(one: MachineModel, other: MachineModel): boolean {
  return modelKey(one) === modelKey(other);
}
