import { type Permission, PERMISSIONS } from '../api/permissions.ts';

/** Who asks for something. */
export interface Actor {
  /** As the audit shows it: `socket:anna`, `token:netbox`. */
  readonly name: string;
  readonly permissions: ReadonlySet<Permission>;
  /** The inventories whose machines it may replace; absent: all, if it has the permission. */
  readonly inventories?: ReadonlySet<string>;
  /** The address that the request came from; absent over the Unix socket. */
  readonly address?: string;
  /** The session of a signed-in browser. */
  readonly session?: ActorSession;
  /** The request, as its answer and the audit name it. */
  readonly requestId?: string;
}

/** The session of a browser, as far as its answers need it. */
export interface ActorSession {
  readonly id: string;
  /** What the page sends with everything that changes something. */
  readonly csrfToken: string;
  readonly expiresAtMs: number;
}

/** Who asks and from where, for the audit. */
export function originOf({ address, name, requestId }: Actor): {
  readonly actor: string;
  readonly address?: string;
  readonly requestId?: string;
} {
  return {
    actor: name,
    ...(address !== undefined && address !== '' && { address }),
    ...(requestId !== undefined && { requestId }),
  };
}

/** Somebody who may do everything. */
export function ownerActor(name: string): Actor {
  return { name, permissions: new Set(PERMISSIONS) };
}
