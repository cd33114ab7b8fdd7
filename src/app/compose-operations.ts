import { createHash, randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MachineDetailView } from '../api/schemas/machine.ts';
import { WRITABLE_SOURCES } from '../control/delete-rules.ts';
import type { MachineControl } from '../control/machine-control.ts';
import type { MachineEditor } from '../control/machine-editor.ts';
import { Operations } from '../control/operations/operations.ts';
import type { OperationRouteParts } from '../server/operator-http/routes/operations.ts';
import type { Environment } from './environment.ts';
import type { Services } from './services.ts';
import type { SharedServices } from './shared-services.ts';

const PAGE = 1_000;

/** Operations over many machines, each with its verb or by the editor of records. */
export async function composeOperations(
  { store }: SharedServices,
  { clock, log }: Pick<Environment, 'clock' | 'log'>,
  control: MachineControl,
  editor: MachineEditor,
  services: Services,
): Promise<Pick<OperationRouteParts, 'idsOf' | 'operations'>> {
  const operations = await Operations.load({
    store: store.operations,
    verdictOf: async (id, verb) => {
      const detail = await control.detail(id);
      return detail && { tag: tagOf(detail), refusal: refusalOf(detail, verb) };
    },
    carryOut: async (id, { parameters, reason, verb }, actor) => {
      if (verb === 'patch') {
        const edit = { verb: 'patch', id, patch: parameters } as const;
        const outcome = await editor.run({ edit, reason, actor, requirePresent: () => undefined });
        if (outcome.kind === 'done') return undefined;
        return outcome.kind === 'invalid'
          ? outcome.faults.map(({ message }) => message).join('; ')
          : outcome.reason;
      }
      // Whoever starts the operation has confirmed the number of machines.
      const confirmed = verb === 'reinstall' ? { confirm: id } : {};
      const input = { ...parameters, ...confirmed, reason };
      const outcome = await control.run({ verb, machineId: id, input, actor });
      return outcome.kind === 'done' || outcome.kind === 'deleted' ? undefined : outcome.reason;
    },
    log,
    now: clock.now,
    newId: randomUUID,
    pause: nextTurn,
  });
  services.add('operations', operations);
  return {
    operations,
    idsOf: async (filter, max) => {
      const ids: string[] = [];
      for (let after: Awaited<ReturnType<MachineControl['list']>>['next']; ;) {
        const { items, next } = await control.list({
          filter,
          sort: 'id',
          limit: PAGE,
          ...(after !== undefined && { after }),
        });
        ids.push(...items.map(({ id }) => id));
        if (ids.length > max) return undefined;
        if (next === undefined) return ids;
        after = next;
      }
    },
  };
}

/** Differs whenever what the machine is, or what can be done to it, does. */
function tagOf({ last_seen_at: _seen, ...machine }: MachineDetailView): string {
  return createHash('sha256').update(JSON.stringify(machine)).digest('base64url').slice(0, 22);
}

function refusalOf({ actions, conditions, sources }: MachineDetailView, verb: string): string | undefined {
  if (verb !== 'patch') {
    const action = actions[verb];
    return action === undefined || action.allowed ? undefined : action.reason;
  }
  const locked = conditions.find(({ type }) => type === 'locked');
  if (locked !== undefined) return `it is locked: ${locked.message}`;
  if (sources.some((source) => WRITABLE_SOURCES.includes(source))) return undefined;
  const [owner] = sources;
  if (owner === undefined) return 'it has no record yet; approve it first';
  return owner === 'files'
    ? 'a file declares it; change it there'
    : `the inventory ${owner} declares it; change it there`;
}
