import { createHash } from 'node:crypto';
import { encodeCursor } from '../../../api/list-form.ts';
import type { MACHINE_VERB_ROUTES } from '../../../api/routes/machine-verbs.ts';
import type { MACHINE_ROUTES } from '../../../api/routes/machines.ts';
import type { MachineDetailView, MachineLifeView, MachineShownView } from '../../../api/schemas/machine.ts';
import { VERB_TABLE, type VerbName } from '../../../api/schemas/verbs.ts';
import type { ControlOutcome, MachineControl } from '../../../control/machine-control.ts';
import { ApiError } from '../api-error.ts';
import { requireMatch } from '../conditional-requests.ts';
import type { Call, CallContext, Handler, Handlers } from '../handler.ts';

/** What the routes of machines depend on. */
export interface MachineRouteParts {
  readonly control: Pick<MachineControl, 'list' | 'run' | 'show'>;
  /** The present place in the event stream. */
  readonly asOf: () => string;
}

export function machineHandlers({ asOf, control }: MachineRouteParts): Handlers<typeof MACHINE_ROUTES> {
  return {
    listMachines: async ({ query: { cursor, fields, limit, sort, ...filter } }) => {
      // Read first: a change that is made meanwhile is then in the list, or follows, or both, but is never missed.
      const as_of = asOf();
      if (cursor !== undefined && cursor.sort !== sort)
        throw new ApiError('bad_query', 'cursor: is of a list in another order; begin without one');
      const { items, next } = await control.list({
        filter,
        sort,
        limit,
        ...(cursor !== undefined && { after: cursor }),
      });
      return {
        status: 200,
        body: {
          items: fields === undefined ? items : items.map((item) => someFields(item, fields)),
          next_cursor: next === undefined ? null : encodeCursor(next),
          as_of,
        },
      };
    },
    showMachine: async ({ params: { id } }) => {
      const machine = await control.show(id);
      if (machine === undefined) throw new ApiError('not_found', `there is no machine ${id}`);
      return { status: 200, body: machine, etag: machineTag(machine) };
    },
    deleteMachine: async ({ actor, context, params: { id }, query }) => {
      await requirePresent(control, id, context);
      const outcome = await control.run({ verb: 'delete', machineId: id, input: query, actor });
      if (outcome.kind !== 'deleted') throw refusalOf(outcome);
      return { status: 204, body: undefined };
    },
  };
}

type VerbRoutes = typeof MACHINE_VERB_ROUTES;
type VerbRoute = VerbRoutes[keyof VerbRoutes];

/** The handlers of the verbs, which differ in nothing but the verb. */
export function verbHandlers({ control }: Pick<MachineRouteParts, 'control'>): Handlers<VerbRoutes> {
  const handlerOf =
    (verb: VerbName) =>
    async ({ actor, body, context, params: { id } }: Call<VerbRoute>) => {
      await requirePresent(control, id, context);
      const outcome = await control.run({ verb, machineId: id, input: body, actor });
      if (outcome.kind !== 'done') throw refusalOf(outcome);
      return { status: 200 as const, body: outcome.machine, etag: machineTag(outcome.machine) };
    };
  const names = Object.keys(VERB_TABLE) as VerbName[];
  const handlers = names.map((verb): [string, Handler<VerbRoute>] => [`${verb}Machine`, handlerOf(verb)]);
  return Object.fromEntries(handlers) as unknown as Handlers<VerbRoutes>;
}

/** Throws `precondition_failed` if the machine is not as If-Match says. */
async function requirePresent(
  control: Pick<MachineControl, 'show'>,
  id: string,
  context: CallContext,
): Promise<void> {
  if (context.ifMatch === undefined) return;
  const machine = await control.show(id);
  requireMatch(context, machine && machineTag(machine));
}

/** Differs whenever what the machine is or what can be done to it does; not for when it was seen, or what it has told. */
export function machineTag(shown: MachineDetailView | MachineShownView): string {
  const { last_seen_at: _seen, ...machine } = shown;
  const { hardware: _hardware, reports: _reports, ...rest } = machine as MachineShownView;
  return createHash('sha256').update(JSON.stringify(rest)).digest('base64url').slice(0, 22);
}

function someFields(item: MachineLifeView, fields: readonly string[]): Partial<MachineLifeView> {
  return Object.fromEntries(Object.entries(item).filter(([name]) => fields.includes(name)));
}

/** The error for an outcome that is not what was asked for. */
function refusalOf(outcome: ControlOutcome): ApiError {
  switch (outcome.kind) {
    case 'not_found':
      return new ApiError('not_found', outcome.reason);
    case 'invalid':
      return new ApiError('invalid_request', outcome.reason);
    case 'denied':
      return new ApiError('forbidden', outcome.reason, {}, true);
    case 'refused':
      return new ApiError('invalid_transition', outcome.reason, { allowed: outcome.allowed }, true);
    case 'not_stored':
      return new ApiError('not_stored', outcome.reason);
    case 'done':
    case 'deleted':
      return new ApiError('internal', 'the change was made, but has another answer');
  }
}
