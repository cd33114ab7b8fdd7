import type { DatabaseStore } from './store.ts';

/** The names of a database's aggregates, each with its own interface. */
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
  inventories: 0,
  transitions: 0,
  catalogParts: 0,
  lives: 0,
  audit: 0,
  sessions: 0,
  localBoots: 0,
  tokens: 0,
  operations: 0,
  reports: 0,
  dnsRecords: 0,
  upkeep: 0,
} satisfies Record<Aggregate, 0>) as Aggregate[];

/** A store whose every method makes a StoreCall and returns the result of passing it on. */
export function callingStore(
  call: (call: StoreCall) => Promise<unknown>,
  close: () => Promise<void>,
): DatabaseStore {
  const aggregates = AGGREGATES.map((aggregate) => [aggregate, callingAggregate(aggregate, call)]);
  return { ...(Object.fromEntries(aggregates) as Omit<DatabaseStore, 'close'>), close };
}

/** Executes the call. The call comes from `callingStore` of this program, so the method exists. */
export function carryOut(store: DatabaseStore, { aggregate, args, method }: StoreCall): unknown {
  const methods = store[aggregate] as unknown as Record<string, (...args: readonly unknown[]) => unknown>;
  return methods[method]?.(...args);
}

/** Approximate number of bytes that the call writes. */
export function bytesOf({ args }: StoreCall): number {
  return JSON.stringify(args).length;
}

/** Whether the call changes something. The reading methods have names that begin with a word for reading. */
export function isWrite({ method }: StoreCall): boolean {
  return !/^(load|list|read|find|last)/.test(method);
}

function callingAggregate(aggregate: Aggregate, call: (call: StoreCall) => Promise<unknown>): object {
  return new Proxy(
    {},
    {
      get: (_target, method) => {
        // An object with a method `then` would be treated as a promise.
        if (typeof method === 'symbol' || method === 'then') return undefined;
        return (...args: readonly unknown[]) => call({ aggregate, method, args });
      },
    },
  );
}
