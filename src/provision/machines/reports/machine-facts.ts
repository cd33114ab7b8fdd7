import { z } from 'zod';
import { parseMac } from '../../../protocol/mac-address.ts';
import { isSmbiosPlaceholder } from '../smbios-placeholder.ts';
import { reportedLine } from './report-text.ts';

/** Disks and network cards of one machine; further ones are left out. */
const DEVICES_MAX = 64;
const TEXT_LENGTH_MAX = 200;
/** Notes about facts that were left out; further ones are counted. */
const NOTES_MAX = 20;

/** Each round leaves out everything that is wrong by then: values, their devices, and lists. */
const ROUNDS_MAX = 20;

/** Absent if the machine gave no value or a placeholder of its maker, which says nothing. */
const TEXT = z
  .string()
  .transform((text) => {
    const line = reportedLine(text.trim(), TEXT_LENGTH_MAX);
    return isSmbiosPlaceholder(line) ? undefined : line;
  })
  .optional();
/** Name of a device. */
const NAME = z
  .string()
  .regex(/^[\w./:@!+-]+$/)
  .max(TEXT_LENGTH_MAX);
/** Also a number that a script put into quotes. */
const COUNT = z.preprocess((value) => {
  return typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
}, z.int().min(0));
const BOOLEANS = new Map<unknown, boolean>([
  ...([1, '1', 'true', 'yes'] as const).map((word) => [word, true] as const),
  ...([0, '0', 'false', 'no'] as const).map((word) => [word, false] as const),
]);
const FLAG = z.preprocess((value) => BOOLEANS.get(value) ?? value, z.boolean());
const MAC = z.string().transform((text, context) => {
  const mac = parseMac(text.trim());
  if (mac === undefined) context.addIssue({ code: 'custom', message: 'not a MAC address' });
  return mac;
});

/** Maker and product of a machine or of its board, from SMBIOS. */
const MADE = z.strictObject({ vendor: TEXT, product: TEXT, version: TEXT, serial: TEXT });

/** What a machine finds out about its own hardware. Every value is optional except the name of a device. */
const machineFacts = z.strictObject({
  cpu: z
    .strictObject({
      model: TEXT,
      architecture: TEXT,
      /** Processors as the operating system counts them, with hyperthreads. */
      count: COUNT.optional(),
    })
    .optional(),
  memory_bytes: COUNT.optional(),
  disks: z
    .array(
      z.strictObject({
        name: NAME,
        size_bytes: COUNT.optional(),
        model: TEXT,
        serial: TEXT,
        wwn: TEXT,
        rotational: FLAG.optional(),
      }),
    )
    .optional(),
  nics: z
    .array(
      z.strictObject({
        name: NAME,
        mac: MAC.optional(),
        /** Whether the card has a link. */
        link: FLAG.optional(),
        speed_mbps: COUNT.optional(),
        driver: TEXT,
      }),
    )
    .optional(),
  bmc: z.strictObject({ address: z.union([z.ipv4(), z.ipv6()]).optional(), mac: MAC.optional() }).optional(),
  system: MADE.extend({ uuid: TEXT }).optional(),
  board: MADE.optional(),
  bios: z.strictObject({ vendor: TEXT, version: TEXT, date: TEXT }).optional(),
});

/** The hardware of a machine, as the machine itself reported it. Plain JSON. */
export type MachineFacts = z.infer<typeof machineFacts>;

/** Facts that were read, and a sentence about each value that could not be used. */
export interface ReadFacts {
  /** Undefined if nothing of it could be used. */
  readonly facts: MachineFacts | undefined;
  readonly notes: readonly string[];
}

/**
 * Reads facts from parsed JSON. A value that is unknown or invalid is left out with a note, so that a machine with one
 * odd device still has an inventory. Changes `value`.
 */
export function readFacts(value: unknown): ReadFacts {
  if (!isObject(value)) return { facts: undefined, notes: ['facts is not an object, and was left out'] };
  const notes = new Notes();
  for (const list of ['disks', 'nics']) {
    const devices = value[list];
    if (!Array.isArray(devices) || devices.length <= DEVICES_MAX) continue;
    notes.add(`facts.${list} has more than ${DEVICES_MAX} entries; the others were left out`);
    devices.length = DEVICES_MAX;
  }
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const read = machineFacts.safeParse(value);
    if (read.success) {
      // Also removes the keys whose value is undefined.
      const facts = sortedDevices(JSON.parse(JSON.stringify(read.data)) as MachineFacts);
      return { facts: Object.keys(facts).length === 0 ? undefined : facts, notes: notes.all() };
    }
    if (!withoutFaults(value, read.error.issues, notes)) break;
  }
  return { facts: undefined, notes: [...notes.all(), 'the facts could not be read, and were left out'] };
}

/** Removes what the issues are about; false if there was nothing to remove. */
function withoutFaults(
  root: Record<string, unknown>,
  issues: readonly z.core.$ZodIssue[],
  notes: Notes,
): boolean {
  let removed = false;
  for (const issue of issues) {
    if (issue.code === 'unrecognized_keys') {
      const holder = valueAt(root, issue.path);
      if (!isObject(holder)) continue;
      for (const key of issue.keys) {
        notes.add(`${named([...issue.path, key])} is unknown, and was left out`);
        removed = delete holder[key] || removed;
      }
      continue;
    }
    removed = remove(root, issue.path, notes) || removed;
  }
  for (const list of ['disks', 'nics']) {
    const devices = root[list];
    if (Array.isArray(devices)) root[list] = devices.filter((device) => device !== REMOVED);
  }
  return removed;
}

/** Takes the place of a device that is removed, until all issues about the list are handled. */
const REMOVED = Symbol('removed');

/** Removes a value, or the device that lacks it. */
function remove(root: Record<string, unknown>, path: readonly PropertyKey[], notes: Notes): boolean {
  const key = path.at(-1);
  const above = path.slice(0, -1);
  const holder = valueAt(root, above);
  if (key === undefined) return false;
  if (Array.isArray(holder)) {
    if (holder[Number(key)] === REMOVED) return true;
    notes.add(`${named(path)} is not valid, and was left out`);
    holder[Number(key)] = REMOVED;
    return true;
  }
  if (holder === REMOVED) return true;
  if (!isObject(holder)) return false;
  if (!Object.hasOwn(holder, key)) return remove(root, above, notes);
  notes.add(`${named(path)} is not valid, and was left out`);
  return delete holder[String(key)];
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const key of path) {
    if ((!isObject(value) && !Array.isArray(value)) || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** The order in which the kernel finds devices differs from boot to boot. */
function sortedDevices({ disks, nics, ...others }: MachineFacts): MachineFacts {
  const byName = (one: { name: string }, other: { name: string }): number => (one.name < other.name ? -1 : 1);
  return {
    ...others,
    ...(disks !== undefined && { disks: disks.toSorted(byName) }),
    ...(nics !== undefined && { nics: nics.toSorted(byName) }),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `facts.disks[0].size_bytes`. */
function named(path: readonly PropertyKey[]): string {
  const steps = path.map((key) =>
    typeof key === 'number' ? `[${key}]` : `.${reportedLine(String(key), 40)}`,
  );
  return `facts${steps.join('')}`;
}

class Notes {
  readonly #notes: string[] = [];
  #further = 0;

  add(note: string): void {
    if (this.#notes.length < NOTES_MAX) this.#notes.push(note);
    else this.#further++;
  }

  all(): string[] {
    return this.#further === 0
      ? this.#notes
      : [...this.#notes, `${this.#further} further values were left out`];
  }
}
