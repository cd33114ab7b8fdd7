import { setImmediate as nextTurn } from 'node:timers/promises';
import { joinGroup } from '../catalog/join-group.ts';
import { toLifecycleTimes } from '../config/sections/lifecycle.ts';
import { WRITABLE_SOURCES } from '../control/delete-rules.ts';
import { type ControlChange, MachineControl } from '../control/machine-control.ts';
import type { ListedMachine, MachineSubject } from '../control/machine-subject.ts';
import { describeConflicts } from '../machines/describe-conflicts.ts';
import { APPROVED_SOURCE } from '../machines/machine-records.ts';
import type { MachineRecordView, MachineRegistry } from '../machines/machine-registry.ts';
import { toStoredChange } from '../machines/record-change.ts';
import { SortedIds } from '../machines/sorted-ids.ts';
import { type MacAddress, parseMac } from '../protocol/mac-address.ts';
import { needsArm } from '../provision/boot/decide-by-life.ts';
import { localBootSetBy } from '../provision/boot/local-boot.ts';
import { describeLocalBoot } from '../machines/describe-local-boot.ts';
import { discoveredMachineId, type Machine } from '../provision/machines/machine.ts';
import { claimsOfLabels } from '../provision/selection/labels.ts';
import type { DiscoveredMachine } from '../store/discovered-machine-store.ts';
import type { MachineChange } from '../store/machine-store.ts';
import type { Turns } from '../store/turns.ts';
import { appendAudit } from './append-audit.ts';
import type { Environment } from './environment.ts';
import type { SharedServices } from './shared-services.ts';

/** What is shown with a machine of what it has told of itself. */
const SHOWN_REPORTS = 10;
const SHOWN_CHANGES = 10;

/** The verbs for the machines of this program. `edits` are the turns of all that changes records over the API. */
export function composeMachineControl(
  shared: SharedServices,
  { clock, log, settings }: Pick<Environment, 'clock' | 'log' | 'settings'>,
  edits: Turns,
): MachineControl {
  const { lives, machines, store } = shared;
  const ids = idsOf(machines);
  return new MachineControl({
    find: async (name) => {
      const mac = parseMac(name);
      const record = machines.find(name) ?? (mac && recordOfCard(shared, mac));
      if (record !== undefined) return subjectOf(shared, listedRecord(shared, record));
      if (mac === undefined) return undefined;
      const discovered = (await store.discovered.listDiscovered()).find((one) => one.mac === mac);
      return discovered && subjectOf(shared, listedDiscovered(shared, discovered));
    },
    listed: async (after) => merged(shared, ids, await undeclared(shared, after), after),
    subjectOf: (listed) => subjectOf(shared, listed),
    pause: nextTurn,
    history: async (id) => {
      const [inventory, factChanges, reports] = await Promise.all([
        store.reports.findInventory(id),
        store.reports.listFactChanges(id, SHOWN_CHANGES),
        store.reports.listReports(id, SHOWN_REPORTS),
      ]);
      return { ...(inventory !== undefined && { inventory }), factChanges, reports };
    },
    apply: async ({ audit, by, event, record, subject }: ControlChange) => {
      const { id, machine } = subject;
      const advance = await lives.apply({
        machineId: id,
        declared: machine !== undefined,
        event,
        by,
        audit,
        ...(record !== undefined && { record: recordChange(APPROVED_SOURCE, id, clock.now(), record) }),
      });
      if (record !== undefined && advance.kind === 'advanced') {
        machines.applyStored(APPROVED_SOURCE, id, record);
      }
      return advance;
    },
    remove: ({ id, sources }, by, audit) =>
      edits.take(async () => {
        const source = WRITABLE_SOURCES.find((one) => sources.includes(one));
        await lives.remove({
          machineId: id,
          by,
          audit,
          ...(source !== undefined && { record: recordChange(source, id, clock.now()) }),
        });
        if (source !== undefined) machines.applyStored(source, id, undefined);
      }),
    recordRefusal: (entry) => appendAudit(shared.store.audit, log, entry),
    now: clock.now,
    armMs: toLifecycleTimes(settings.lifecycle).armMs,
  });
}

function recordOfCard({ machines }: SharedServices, mac: MacAddress): MachineRecordView | undefined {
  const { machine } = machines.identify({ mac });
  return machine && machines.find(machine.id);
}

/** The ids of the machines that have a record, in order, as long as the program runs. */
function idsOf(machines: MachineRegistry): SortedIds {
  const ids = new SortedIds();
  ids.change(
    [...machines.machines()].map(({ id }) => id),
    [],
  );
  machines.onChange((changes) => {
    const [added, removed]: [string[], string[]] = [[], []];
    // A machine that one source declares no longer may have another one.
    for (const { id } of changes) (machines.find(id) === undefined ? removed : added).push(id);
    ids.change(added, removed);
  });
  return ids;
}

/** The discovered machines that have no record, in the order of their ids. */
async function undeclared(
  { machines, store }: SharedServices,
  after: string | undefined,
): Promise<DiscoveredMachine[]> {
  const all = (await store.discovered.listDiscovered()).filter(
    ({ mac }) =>
      machines.identify({ mac }).machine === undefined &&
      (after === undefined || discoveredMachineId(mac) > after),
  );
  return all.sort((a, b) => (a.mac < b.mac ? -1 : 1));
}

/** Declared and discovered machines, in the order of their ids. */
function* merged(
  shared: SharedServices,
  ids: SortedIds,
  discovered: readonly DiscoveredMachine[],
  after: string | undefined,
): Generator<ListedMachine> {
  let at = 0;
  const discoveredBefore = function* (id: string | undefined): Generator<ListedMachine> {
    for (; at < discovered.length; at++) {
      const one = discovered[at] as DiscoveredMachine;
      if (id !== undefined && discoveredMachineId(one.mac) > id) return;
      yield listedDiscovered(shared, one);
    }
  };
  for (const id of ids.from(after)) {
    const record = shared.machines.find(id);
    if (record === undefined) continue;
    yield* discoveredBefore(id);
    yield listedRecord(shared, record);
  }
  yield* discoveredBefore(undefined);
}

function listedRecord({ lives }: SharedServices, { machine, sources }: MachineRecordView): ListedMachine {
  lives.inherit(machine.id, machine.macs);
  return { id: machine.id, machine, sources, life: lives.of(machine.id, true) };
}

function listedDiscovered({ lives }: SharedServices, discovered: DiscoveredMachine): ListedMachine {
  const id = discoveredMachineId(discovered.mac);
  return { id, discovered, sources: [], life: lives.of(id, false) };
}

function subjectOf(shared: SharedServices, listed: ListedMachine): MachineSubject {
  return listed.machine === undefined
    ? discoveredSubject(shared, listed)
    : declaredSubject(shared, listed, listed.machine);
}

function declaredSubject(shared: SharedServices, listed: ListedMachine, machine: Machine): MachineSubject {
  const { id, macs, uuid } = machine;
  const labels = new Map<string, string>();
  if (macs[0] !== undefined) labels.set('mac', macs[0]);
  if (uuid !== undefined) labels.set('uuid', uuid);
  const localBoot = localBootTextOf(shared, machine, labels);
  const record = shared.machines.find(id);
  return {
    ...listed,
    ...(record !== undefined && { conflicts: describeConflicts(record) }),
    profile: profileOf(shared, labels),
    ...(localBoot !== undefined && { localBoot }),
  };
}

function localBootTextOf(
  { decider, localBoots, machines }: SharedServices,
  machine: Machine,
  labels: ReadonlyMap<string, string>,
): string | undefined {
  const { match } = decider.decide(labels, machines.identify(claimsOfLabels(labels))).resolution;
  const set = localBootSetBy(machine, match?.compiled.profile);
  return describeLocalBoot(set, localBoots.describe(machine.id));
}

function discoveredSubject(shared: SharedServices, listed: ListedMachine): MachineSubject {
  const { firstSeenAt: _first, lastSeenAt: _last, ...told } = listed.discovered as DiscoveredMachine;
  const labels = new Map(Object.entries(told));
  return {
    ...listed,
    profile: profileOf(shared, labels),
    joinGroup: (group, given) =>
      joinGroup(shared.catalog.generation, group, new Map([...labels, ...Object.entries(given)])),
  };
}

function profileOf(
  { catalog, decider, machines }: SharedServices,
  labels: ReadonlyMap<string, string>,
): MachineSubject['profile'] {
  const identification = machines.identify(claimsOfLabels(labels));
  const { policy, resolution } = decider.decide(labels, identification);
  const { match, problem } = resolution;
  if (match === undefined) {
    const none =
      catalog.generation === undefined ? 'the catalog could not be read yet' : 'no group selects it';
    return { problem: problem ?? none };
  }
  return {
    group: match.group.id,
    profile: match.compiled.profile.id,
    lifecycle: policy.lifecycle,
    needsArm: needsArm(policy),
    faultOf: (purpose) => {
      const answer = decider.resolveFor(labels, identification, purpose);
      return 'reason' in answer ? answer.reason : undefined;
    },
  };
}

/** The change of the record that an approval makes, or that is deleted with the machine. */
function recordChange(source: string, id: string, at: Date, machine?: Machine): MachineChange {
  const kind = machine === undefined ? 'machine.gone' : 'machine.declared';
  return toStoredChange({
    kind,
    source,
    id,
    at,
    detail: {},
    ...(machine !== undefined && { machine }),
  });
}
