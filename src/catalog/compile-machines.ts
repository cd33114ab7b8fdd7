import type { Problem } from '../documents/problem.ts';
import type { Machine } from '../provision/machines/machine.ts';
import { collectFaults, type Compilation } from './compilation.ts';
import type { GoodDocument } from './document-folder.ts';
import { type MachineDocument, machineDocument } from './document-schemas.ts';
import { MachineClaims } from './machine-claims.ts';
import { readMachine } from './machine-reader.ts';
import { reviewDhcpOptions } from './review-dhcp-options.ts';

/** The machines that a tree declares, each id once. */
export interface CompiledMachines {
  readonly machines: readonly Machine[];
  readonly problems: ReadonlyMap<string, Problem>;
}

/**
 * Reads the machines of a tree. The machine of a broken record keeps its address and identity: they are taken from the
 * last good version, or from what can be read of the record.
 */
export function compileMachines(compilation: Compilation): CompiledMachines {
  const { kept, reader, tree } = compilation;
  const machines = new Map<string, Machine>();
  const problems = new Map<string, Problem>();
  const claims = new MachineClaims();
  const reading = reader.readFolder(tree, 'machines', machineDocument);
  compilation.note(reading.problems, reading.broken);

  const standIn = (id: string, problem: Problem, value: unknown): void => {
    if (machines.has(id)) return;
    const last = kept.machines.byId.get(id);
    const found = last?.value ?? readableParts(id, value);
    if (found === undefined) return;
    const machine = claims.take(
      readMachine(found, () => undefined),
      () => undefined,
    );
    if (last !== undefined) compilation.noteStandIn('machines', last.value);
    machines.set(id, machine);
    problems.set(id, problem);
  };
  const take = ({ document, value }: GoodDocument<MachineDocument>, contested: Problem | undefined): void => {
    const known = compilation.machines.get(document);
    const { faults, report } = collectFaults(document);
    const read = known ?? readMachine(value, report);
    if (faults.length === 0) compilation.machines.set(document, read);
    if (read.dhcpOptions !== undefined)
      reviewDhcpOptions(value, read.dhcpOptions, compilation.warn(document));
    if (faults.length > 0 && kept.machines.byId.has(value.id)) {
      const problem = compilation.noteFaults(document.file, faults);
      if (problem !== undefined) standIn(value.id, problem, value);
      return;
    }
    const machine = claims.take(read, report);
    const problem = compilation.noteFaults(document.file, faults) ?? contested;
    machines.set(value.id, machine);
    if (problem !== undefined) problems.set(value.id, problem);
  };

  const owned = compilation.settle(reading.good).filter(({ isOwner }) => isOwner);
  const ids = new Set(owned.map(({ good }) => good.value.id));
  // Unchanged good records keep their values; then come replacements of broken records; then new ones.
  for (const { good, isUnchanged, problem } of owned) if (isUnchanged) take(good, problem);
  for (const { file, id, problem, value } of reading.broken) {
    const lost = id !== undefined ? [id] : (kept.machines.idsByFile.get(file) ?? []);
    for (const one of lost) if (!ids.has(one)) standIn(one, problem, value);
  }
  for (const { good, isUnchanged, problem } of owned) if (!isUnchanged) take(good, problem);
  return { machines: [...machines.values()], problems };
}

/** The parts of a broken record that are valid by themselves. */
function readableParts(id: string, value: unknown): MachineDocument | undefined {
  const parts: Record<string, unknown> = { id };
  if (typeof value === 'object' && value !== null) {
    for (const [key, schema] of Object.entries(machineDocument.shape)) {
      const part = (value as Record<string, unknown>)[key];
      // Metadata is needed only for rendering, and the machine waits.
      if (key !== 'metadata' && part !== undefined && schema.safeParse(part).success) parts[key] = part;
    }
  }
  const parsed = machineDocument.safeParse(parts);
  return parsed.success ? parsed.data : undefined;
}
