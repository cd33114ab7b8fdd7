import { expect, test } from 'vitest';
import type { Ipv4Address } from '../../src/protocol/ipv4-address.ts';
import type { LeaseEvent } from '../../src/provision/dhcp/leases/lease-event.ts';
import type { Lease } from '../../src/provision/dhcp/leases/lease.ts';
import { parseDnsName } from '../../src/protocol/dns/dns-name.ts';
import { LeaseWebhooks } from '../../src/webhooks/lease-webhooks.ts';
import type { WebhookEvent } from '../../src/webhooks/webhooks.ts';

const LEASE: Lease = {
  address: '10.0.1.100' as Ipv4Address,
  subnetId: 'rack1',
  clientKey: 'mac:52:54:00:a1:9c:ae',
  chaddr: '52:54:00:a1:9c:ae',
  state: 'bound',
  boundAt: Date.parse('2026-03-01T12:00:00Z'),
  expiresAt: Date.parse('2026-03-01T13:00:00Z'),
};
const DATA = {
  address: '10.0.1.100',
  network: 'rack1',
  mac: '52:54:00:a1:9c:ae',
  bound_at: '2026-03-01T12:00:00.000Z',
  expires_at: '2026-03-01T13:00:00.000Z',
};

function sent(event: LeaseEvent, wants: (type: string) => boolean = () => true): WebhookEvent[] {
  const events: WebhookEvent[] = [];
  new LeaseWebhooks({ wants, send: (one) => void events.push(one) }).leaseChanged(event);
  return events;
}

test.each<[LeaseEvent, WebhookEvent]>([
  [
    {
      kind: 'bound',
      lease: { ...LEASE, hostname: 'db1', clientId: '01525400a19cae' },
      machineId: 'db1',
      name: { name: parseDnsName('db1.rack1.example.com')!, forward: true, reverse: true, ttlSeconds: 1200 },
    },
    {
      type: 'lease.bound',
      data: {
        ...DATA,
        hostname: 'db1',
        client_id: '01525400a19cae',
        machine_id: 'db1',
        dns_name: 'db1.rack1.example.com',
      },
    },
  ],
  [
    { kind: 'renewed', lease: LEASE },
    { type: 'lease.renewed', data: DATA },
  ],
  [
    { kind: 'released', lease: { ...LEASE, state: 'released' } },
    { type: 'lease.released', data: DATA },
  ],
  [
    { kind: 'expired', lease: { ...LEASE, state: 'expired' } },
    { type: 'lease.expired', data: DATA },
  ],
  [
    { kind: 'declined', lease: { ...LEASE, chaddr: '', state: 'declined' } },
    { type: 'lease.declined', data: (({ mac: _, ...rest }) => rest)(DATA) },
  ],
  [
    { kind: 'freed', address: LEASE.address },
    { type: 'lease.freed', data: { address: '10.0.1.100' } },
  ],
  [
    { kind: 'bound', lease: { ...LEASE, expiresAt: Number.MAX_SAFE_INTEGER } },
    { type: 'lease.bound', data: { ...DATA, expires_at: null } },
  ],
])('%j', (event, expected) => {
  expect(sent(event)).toEqual([expected]);
});

test('no event is created without a receiver', () => {
  expect(sent({ kind: 'renewed', lease: LEASE }, (type) => type !== 'lease.renewed')).toEqual([]);
});
