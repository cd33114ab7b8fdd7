import { setImmediate as nextTurn } from 'node:timers/promises';
import { encodeCursor } from '../../../api/list-form.ts';
import type { NETWORK_ROUTES } from '../../../api/routes/networks.ts';
import type { LeaseView, NetworkView } from '../../../api/schemas/network.ts';
import { type Ipv4Address, ipv4ToNumber } from '../../../protocol/ipv4-address.ts';
import type { MacAddress } from '../../../protocol/mac-address.ts';
import type { Lease } from '../../../provision/dhcp/leases/lease.ts';
import type { Actor } from '../../../control/actor.ts';
import { ApiError } from '../api-error.ts';
import type { Handlers } from '../handler.ts';

/** What the routes of networks and leases depend on. */
export interface NetworkRouteParts {
  readonly networks: () => readonly NetworkView[];
  /** The current leases: one whose time has passed is listed as expired. */
  readonly leases: () => Promise<Iterable<Lease>>;
  /** Ends the lease of an address. not_stored: it has ended, but a restart may restore it. */
  readonly endLease: (
    address: Ipv4Address,
    by: Actor,
    reason: string,
  ) => Promise<'ended' | 'no_lease' | 'not_stored'>;
  /** The machine with this network card. */
  readonly machineOf: (mac: MacAddress) => string | undefined;
  /** The machine whose record reserves the address. */
  readonly reservedFor: (address: Ipv4Address) => string | undefined;
  readonly asOf: () => string;
}

/** Leases that are looked at before the event loop gets its turn. */
const AT_ONCE = 5_000;
const SORT = 'address';

export function networkHandlers(parts: NetworkRouteParts): Handlers<typeof NETWORK_ROUTES> {
  const { asOf, endLease, leases, networks } = parts;
  return {
    listNetworks: () => ({ status: 200, body: { items: networks() } }),
    listLeases: async ({ query: { cursor, limit, mac, network, state } }) => {
      const as_of = asOf();
      const after = cursor === undefined ? -1 : Number(cursor.key);
      const page = await firstByAddress(
        await leases(),
        (lease) =>
          ipv4ToNumber(lease.address) > after &&
          (network === undefined || lease.subnetId === network) &&
          (mac === undefined || lease.chaddr === mac) &&
          (state === undefined || lease.state === state),
        limit + 1,
      );
      const shown = page.slice(0, limit);
      const last = shown.at(-1);
      return {
        status: 200,
        body: {
          items: shown.map((lease) => viewOf(lease, parts)),
          next_cursor:
            page.length > limit && last !== undefined
              ? encodeCursor({ sort: SORT, key: ipv4ToNumber(last.address), id: last.address })
              : null,
          as_of,
        },
      };
    },
    showLease: async ({ params: { address } }) => {
      for (const lease of await leases()) {
        if (lease.address === address) return { status: 200, body: viewOf(lease, parts) };
      }
      const machine = parts.reservedFor(address);
      const reserved = machine === undefined ? '' : `; it is reserved for the machine ${machine}`;
      throw new ApiError('not_found', `${address} has no lease${reserved}`);
    },
    endLease: async ({ actor, params: { address }, query: { reason } }) => {
      switch (await endLease(address, actor, reason)) {
        case 'ended':
          return { status: 204, body: undefined };
        case 'no_lease':
          throw new ApiError('not_found', `${address} has no lease`);
        case 'not_stored':
          throw new ApiError(
            'not_stored',
            `the lease of ${address} has ended, but this could not be saved: it may come back when the server restarts`,
          );
      }
    },
  };
}

/** The first leases by address of those that fit. */
async function firstByAddress(
  leases: Iterable<Lease>,
  fits: (lease: Lease) => boolean,
  count: number,
): Promise<Lease[]> {
  let found: Lease[] = [];
  let looked = 0;
  for (const lease of leases) {
    if (++looked % AT_ONCE === 0) await nextTurn();
    if (!fits(lease)) continue;
    found.push(lease);
    if (found.length >= 4 * count) found = sorted(found).slice(0, count);
  }
  return sorted(found).slice(0, count);
}

function sorted(leases: Lease[]): Lease[] {
  return leases.sort((a, b) => ipv4ToNumber(a.address) - ipv4ToNumber(b.address));
}

function viewOf(lease: Lease, { machineOf, reservedFor }: NetworkRouteParts): LeaseView {
  const { address, boundAt, chaddr, clientId, expiresAt, hostname, relayInfo, state, subnetId } = lease;
  const machine = chaddr === '' ? undefined : machineOf(chaddr as MacAddress);
  const reserved = reservedFor(address);
  return {
    address,
    network: subnetId,
    state,
    ...(chaddr !== '' && { mac: chaddr }),
    ...(clientId !== undefined && { client_id: clientId }),
    ...(hostname !== undefined && { hostname }),
    ...(relayInfo !== undefined && { relay_info: relayInfo }),
    bound_at: new Date(boundAt).toISOString(),
    expires_at: Number.isFinite(expiresAt) ? timeOf(expiresAt) : null,
    ...(machine !== undefined && { machine }),
    ...(reserved !== undefined && { reserved_for: reserved }),
  };
}

/** Null for a time that no calendar has: how the store keeps a lease without end. */
function timeOf(ms: number): string | null {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
