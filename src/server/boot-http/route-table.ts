import type { Exchange, Outcome } from './exchange.ts';

/** A handler for the requests of some paths. */
export interface Route {
  /** Names it in metrics; there are few names. */
  readonly name: string;
  readonly methods: readonly string[];
  /** A whole path, or a pattern that a path must match. */
  readonly path: string | RegExp;
  /** Answers the request; undefined if it does not apply to this path, so that the next route is asked. */
  readonly handle: (exchange: Exchange) => Outcome | Promise<Outcome | undefined> | undefined;
}

/** The routes of a server. Whole paths are looked up first, then patterns in their order. */
export class RouteTable {
  readonly #byPath = new Map<string, Route[]>();
  readonly #patterns: (Route & { readonly path: RegExp })[] = [];

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const { path } = route;
      if (typeof path === 'string') this.#byPath.set(path, [...(this.#byPath.get(path) ?? []), route]);
      else this.#patterns.push({ ...route, path });
    }
  }

  /** The routes for a path, for all methods; empty if there is none. */
  find(path: string): readonly Route[] {
    return this.#byPath.get(path) ?? this.#patterns.filter((route) => route.path.test(path));
  }
}

/** The methods of some routes, as the Allow header lists them (RFC 9110 section 10.2.1). */
export function allowedMethods(routes: readonly Route[]): string {
  return [...new Set(routes.flatMap(({ methods }) => methods))].join(', ');
}
