import type { DatabaseStore } from './store.ts';

/** The names of what a database keeps, each an interface of its own. */
export type Aggregate = Exclude<keyof DatabaseStore, 'close'>;

/** A call of one method of one aggregate, as data. */
export interface StoreCall {
  readonly aggregate: Aggregate;
  readonly method: string;
  readonly args: readonly unknown[];
}

const AGGREGATES = Object.keys({
  leases: 0,
  discovered: 0,
  events: 0,
  machines: 0,
  transitions: 0,
  catalogParts: 0,
  dnsRecords: 0,
  upkeep: 0,
} satisfies Record<Aggregate, 0>) as Aggregate[];

/** A store whose every method makes a StoreCall and resolves with what is made of it. */
export function callingStore(
  call: (call: StoreCall) => Promise<unknown>,
  close: () => Promise<void>,
): DatabaseStore {
  const aggregates = AGGREGATES.map((aggregate) => [aggregate, callingAggregate(aggregate, call)]);
  return { ...(Object.fromEntries(aggregates) as Omit<DatabaseStore, 'close'>), close };
}

/** Makes the call. A call comes from `callingStore` of this program, so that the method exists. */
export function carryOut(store: DatabaseStore, { aggregate, args, method }: StoreCall): unknown {
  const methods = store[aggregate] as unknown as Record<string, (...args: readonly unknown[]) => unknown>;
  return methods[method]?.(...args);
}

/** About how many bytes the call has to write. */
export function bytesOf({ args }: StoreCall): number {
  return JSON.stringify(args).length;
}

/** Whether the call changes something. The methods that do not are named for reading. */
export function isWrite({ method }: StoreCall): boolean {
  return !/^(load|list|read|find|last)/.test(method);
}

function callingAggregate(aggregate: Aggregate, call: (call: StoreCall) => Promise<unknown>): object {
  return new Proxy(
    {},
    {
      get: (_target, method) => {
        // An object with a method `then` would be taken for a promise.
        if (typeof method === 'symbol' || method === 'then') return undefined;
        return (...args: readonly unknown[]) => call({ aggregate, method, args });
      },
    },
  );
}
