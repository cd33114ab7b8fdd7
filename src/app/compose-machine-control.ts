import type { Logger } from 'pino';
import { joinGroup } from '../catalog/join-group.ts';
import { toLifecycleTimes } from '../config/sections/lifecycle.ts';
import { APPROVED_SOURCE } from '../control/delete-rules.ts';
import { type ControlChange, MachineControl } from '../control/machine-control.ts';
import type { MachineSubject } from '../control/machine-subject.ts';
import type { MachineRecordView } from '../machines/machine-registry.ts';
import { toStoredChange } from '../machines/record-change.ts';
import { type MacAddress, parseMac } from '../protocol/mac-address.ts';
import { needsArm } from '../provision/boot/decide-by-life.ts';
import { localBootSetBy } from '../provision/boot/local-boot.ts';
import { describeLocalBoot } from '../machines/describe-local-boot.ts';
import { discoveredMachineId, type Machine } from '../provision/machines/machine.ts';
import { claimsOfLabels } from '../provision/selection/labels.ts';
import type { NewAuditEntry } from '../store/audit-store.ts';
import type { DiscoveredMachine } from '../store/discovered-machine-store.ts';
import type { MachineChange } from '../store/machine-store.ts';
import { StoreError } from '../store/store-error.ts';
import type { Environment } from './environment.ts';
import type { SharedServices } from './shared-services.ts';

/** What is shown with a machine of what it has told of itself. */
const SHOWN_REPORTS = 10;
const SHOWN_CHANGES = 10;

/** The verbs for the machines of this program. */
export function composeMachineControl(
  shared: SharedServices,
  { clock, log, settings }: Pick<Environment, 'clock' | 'log' | 'settings'>,
): MachineControl {
  const { lives, machines, store } = shared;
  return new MachineControl({
    find: async (name) => {
      const mac = parseMac(name);
      const record = machines.find(name) ?? (mac && recordOfCard(shared, mac));
      if (record !== undefined) return declaredSubject(shared, record);
      if (mac === undefined) return undefined;
      const discovered = (await store.discovered.listDiscovered()).find((one) => one.mac === mac);
      return discovered && discoveredSubject(shared, discovered);
    },
    list: async () => {
      const undeclared = (await store.discovered.listDiscovered()).filter(
        ({ mac }) => machines.identify({ mac }).machine === undefined,
      );
      const subjects = [
        ...[...machines.list()].map((record) => declaredSubject(shared, record)),
        ...undeclared.map((discovered) => discoveredSubject(shared, discovered)),
      ];
      return subjects.sort((a, b) => (a.id < b.id ? -1 : 1));
    },
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
        ...(record !== undefined && { record: approvedChange(id, clock.now(), record) }),
      });
      if (record !== undefined && advance.kind === 'advanced') {
        machines.applyStored(APPROVED_SOURCE, id, record);
      }
      return advance;
    },
    remove: async ({ id, sources }, by, audit) => {
      const isApproved = sources.includes(APPROVED_SOURCE);
      await lives.remove({
        machineId: id,
        by,
        audit,
        ...(isApproved && { record: approvedChange(id, clock.now()) }),
      });
      if (isApproved) machines.applyStored(APPROVED_SOURCE, id, undefined);
    },
    recordRefusal: (entry) => recordRefusal(shared, entry, log),
    now: clock.now,
    armMs: toLifecycleTimes(settings.lifecycle).armMs,
  });
}

function recordOfCard({ machines }: SharedServices, mac: MacAddress): MachineRecordView | undefined {
  const { machine } = machines.identify({ mac });
  return machine && machines.find(machine.id);
}

function declaredSubject(shared: SharedServices, { machine, sources }: MachineRecordView): MachineSubject {
  const { id, macs, uuid } = machine;
  const labels = new Map<string, string>();
  if (macs[0] !== undefined) labels.set('mac', macs[0]);
  if (uuid !== undefined) labels.set('uuid', uuid);
  const localBoot = localBootTextOf(shared, machine, labels);
  shared.lives.inherit(id, macs);
  return {
    id,
    machine,
    sources,
    life: shared.lives.of(id, true),
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

function discoveredSubject(shared: SharedServices, discovered: DiscoveredMachine): MachineSubject {
  const { firstSeenAt: _first, lastSeenAt: _last, ...told } = discovered;
  const id = discoveredMachineId(discovered.mac);
  const labels = new Map(Object.entries(told));
  return {
    id,
    discovered,
    sources: [],
    life: shared.lives.of(id, false),
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
function approvedChange(id: string, at: Date, machine?: Machine): MachineChange {
  const kind = machine === undefined ? 'machine.gone' : 'machine.declared';
  return toStoredChange({
    kind,
    source: APPROVED_SOURCE,
    id,
    at,
    detail: {},
    ...(machine !== undefined && { machine }),
  });
}

async function recordRefusal({ store }: SharedServices, entry: NewAuditEntry, log: Logger): Promise<void> {
  try {
    await store.audit.appendAudit([entry]);
  } catch (error) {
    if (!(error instanceof StoreError))
      log.error({ err: error }, 'a refusal could not be added to the audit');
  }
}
