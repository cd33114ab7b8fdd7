import type { ControlChange, MachineControlParts } from '../../src/control/machine-control.ts';
import type { MachineHistory } from '../../src/control/machine-history-view.ts';
import type { ListedMachine, MachineSubject } from '../../src/control/machine-subject.ts';
import { advance } from '../../src/provision/machines/lifecycle/advance.ts';
import type { MacAddress } from '../../src/protocol/mac-address.ts';
import type { NewAuditEntry } from '../../src/store/audit-store.ts';
import { StoreError } from '../../src/store/store-error.ts';
import { lifeIn, NOW_MS } from '../provision/machines/lifecycle/some-lives.ts';

/** A declared machine whose profile installs, in a state. */
export function someSubject(state: Parameters<typeof lifeIn>[0] = 'ready', id = 'node1'): MachineSubject {
  const mac = '52:54:00:00:00:01' as MacAddress;
  const life = { ...lifeIn(state), machineId: id };
  if (state === 'discovered') {
    const seenAt = new Date(NOW_MS);
    const discovered = { mac, serial: 'S1', firstSeenAt: seenAt, lastSeenAt: seenAt };
    return {
      id,
      life,
      sources: [],
      discovered,
      profile: { problem: 'no group selects it' },
      joinGroup: (group) =>
        group === 'workers' ? { labels: { role: 'worker' } } : { problem: `there is no group ${group}` },
    };
  }
  return {
    id,
    life,
    machine: { id, macs: [mac], labels: {}, metadata: { password: 'secret' } },
    sources: ['files'],
    profile: { group: 'g', profile: 'p', lifecycle: 'install', needsArm: true, faultOf: () => undefined },
  };
}

/** Machines in memory, with everything that was changed and recorded. */
export class FakeMachines implements MachineControlParts {
  readonly changes: ControlChange[] = [];
  readonly audit: NewAuditEntry[] = [];
  readonly armMs = 24 * 60 * 60_000;
  failing = false;
  told: MachineHistory = { factChanges: [], reports: [] };
  readonly #subjects = new Map<string, MachineSubject>();

  constructor(...subjects: readonly MachineSubject[]) {
    for (const subject of subjects) this.#subjects.set(subject.id, subject);
  }

  now = (): Date => new Date(NOW_MS);
  find = (id: string): Promise<MachineSubject | undefined> => Promise.resolve(this.#subjects.get(id));
  history = (): Promise<MachineHistory> => Promise.resolve(this.told);
  listed = (after?: string): Promise<readonly ListedMachine[]> =>
    Promise.resolve(
      [...this.#subjects.values()]
        .sort((a, b) => (a.id < b.id ? -1 : 1))
        .filter(({ id }) => after === undefined || id > after),
    );
  subjectOf = ({ id }: ListedMachine): MachineSubject => this.#subjects.get(id) as MachineSubject;
  pause = (): Promise<void> => Promise.resolve();

  apply = (change: ControlChange): Promise<ReturnType<typeof advance>> => {
    if (this.failing) return Promise.reject(new StoreError('full', 'the disk is full'));
    const advanced = advance(change.subject.life, change.event, NOW_MS);
    if (advanced.kind === 'advanced') {
      this.changes.push(change);
      this.audit.push(change.audit);
      this.#subjects.set(change.subject.id, { ...change.subject, life: advanced.life });
    }
    return Promise.resolve(advanced);
  };

  remove = (subject: MachineSubject, _by: string, audit: NewAuditEntry): Promise<void> => {
    this.#subjects.delete(subject.id);
    this.audit.push(audit);
    return Promise.resolve();
  };

  recordRefusal = (entry: NewAuditEntry): Promise<void> => {
    this.audit.push(entry);
    return Promise.resolve();
  };
}
