import type { LeaseEvent, LeaseListener } from '../provision/dhcp/leases/lease-event.ts';
import type { Lease } from '../provision/dhcp/leases/lease.ts';
import type { JsonObject } from '../provision/json-value.ts';
import type { Webhooks } from './webhooks.ts';

/** Sends an event to the receivers for each change of a lease. */
export class LeaseWebhooks implements LeaseListener {
  readonly #webhooks: Pick<Webhooks, 'wants' | 'send'>;

  constructor(webhooks: Pick<Webhooks, 'wants' | 'send'>) {
    this.#webhooks = webhooks;
  }

  leaseChanged(event: LeaseEvent): void {
    const type = `lease.${event.kind}`;
    if (this.#webhooks.wants(type)) this.#webhooks.send({ type, data: dataOf(event) });
  }
}

function dataOf(event: LeaseEvent): JsonObject {
  if (event.kind === 'freed') return { address: event.address };
  const told = 'machineId' in event && event.machineId !== undefined ? { machine_id: event.machineId } : {};
  const dnsName = 'name' in event && event.name !== undefined ? { dns_name: event.name.name } : {};
  return { ...leaseData(event.lease), ...told, ...dnsName };
}

function leaseData(lease: Lease): JsonObject {
  const { address, boundAt, chaddr, clientId, expiresAt, hostname, subnetId } = lease;
  return {
    address,
    network: subnetId,
    ...(chaddr !== '' && { mac: chaddr }),
    ...(clientId !== undefined && { client_id: clientId }),
    ...(hostname !== undefined && { hostname }),
    bound_at: new Date(boundAt).toISOString(),
    // A lease without an end is stored as the largest number.
    expires_at: expiresAt >= Number.MAX_SAFE_INTEGER ? null : new Date(expiresAt).toISOString(),
  };
}
