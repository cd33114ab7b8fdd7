import { schemaFaults } from '../documents/yaml-documents.ts';
import type { Machine } from '../provision/machines/machine.ts';
import { machineDocument } from './document-schemas.ts';
import { recogniseDocument } from './foreign-documents.ts';
import { MachineClaims } from './machine-claims.ts';
import { readMachine } from './machine-reader.ts';

/** One fault of a machine document that has no file. */
export interface EntryFault {
  /** Number of the entry in its set, counted from 0. */
  readonly index: number;
  /** The id of the entry, if it has one. */
  readonly id?: string;
  /** The place in the document, as `dhcp_options.0.code`; absent for the document itself. */
  readonly field?: string;
  readonly message: string;
}

/** The machines of a set, and all that is wrong with it. Use the machines only if nothing is. */
export interface EntriesReading {
  readonly machines: readonly Machine[];
  readonly faults: readonly EntryFault[];
}

/**
 * Reads machine documents in the form of machines/*.yaml, with the same messages; of one set, no two may have the same
 * id, identifier or address. `breathe` yields to the event loop now and then.
 */
export async function readMachineEntries(
  entries: readonly unknown[],
  breathe: () => Promise<void>,
): Promise<EntriesReading> {
  const machines: Machine[] = [];
  const faults: EntryFault[] = [];
  const claims = new MachineClaims();
  const indexes = new Map<string, number>();
  for (const [index, entry] of entries.entries()) {
    const id = idOf(entry);
    const tell = (path: readonly PropertyKey[], message: string): void => {
      const field = path.map(String).join('.');
      faults.push({ index, ...(id !== undefined && { id }), ...(field !== '' && { field }), message });
    };
    const machine = readEntry(entry, tell);
    const first = id === undefined ? undefined : indexes.get(id);
    if (first !== undefined) tell(['id'], `entry ${first} has the same id`);
    else if (id !== undefined) indexes.set(id, index);
    // What belongs to an entry of the same id would only say the same again.
    if (machine !== undefined && first === undefined) machines.push(claims.take(machine, tell));
    await breathe();
  }
  return { machines, faults };
}

type Tell = (path: readonly PropertyKey[], message: string) => void;

function readEntry(entry: unknown, tell: Tell): Machine | undefined {
  const parsed = machineDocument.safeParse(entry);
  if (parsed.success) {
    return readMachine(parsed.data, tell);
  }
  const foreign = recogniseDocument('machines', entry);
  if (foreign !== undefined) tell([foreign.key], foreign.message);
  else {
    for (const { key, message, path } of schemaFaults(entry, parsed.error)) {
      tell(key === undefined ? path : [...path, key], message);
    }
  }
  return undefined;
}

function idOf(entry: unknown): string | undefined {
  const id = (entry as { readonly id?: unknown } | null | undefined)?.id;
  return typeof id === 'string' ? id : undefined;
}
