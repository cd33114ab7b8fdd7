import { z } from 'zod';
import { parseIpv4 } from '../../protocol/ipv4-address.ts';
import { parseMac } from '../../protocol/mac-address.ts';
import { PAGE_QUERY, pageOf } from '../list-form.ts';
import { defineRoute } from '../route.ts';
import { leaseSchema, networkSchema } from '../schemas/network.ts';
import { reasonText } from '../schemas/values.ts';

const addressParams = z.strictObject({
  address: z.string().transform((text, context) => {
    const address = parseIpv4(text);
    if (address !== undefined) return address;
    context.addIssue('is not an IPv4 address, as 10.0.1.23');
    return z.NEVER;
  }),
});

const macQuery = z
  .string()
  .transform((text, context) => {
    const mac = parseMac(text);
    if (mac !== undefined) return mac;
    context.addIssue('is not a MAC address');
    return z.NEVER;
  })
  .optional();

const LEASE_EXAMPLE = {
  address: '10.0.1.21',
  network: 'rack1',
  state: 'bound',
  mac: '52:54:00:a1:9c:ae',
  hostname: 'node1',
  bound_at: '2026-03-01T08:00:00.000Z',
  expires_at: '2026-03-01T20:00:00.000Z',
  machine: 'node1',
  reserved_for: 'node1',
} as const;

export const NETWORK_ROUTES = {
  listNetworks: defineRoute({
    method: 'GET',
    path: '/networks',
    operation: 'listNetworks',
    tag: 'networks',
    summary: 'List the networks that are served, in the order of the settings',
    permission: 'leases:read',
    answers: {
      200: { description: 'All networks.', schema: z.strictObject({ items: z.array(networkSchema) }) },
    },
    errors: [],
    example: {
      status: 200,
      answer: {
        items: [
          {
            id: 'rack1',
            cidr: '10.0.1.0/24',
            mode: 'full',
            pool_size: 100,
            bound: 41,
            offered: 0,
            declined: 0,
            remembered: 7,
            other_servers: [],
          },
        ],
      },
    },
  }),
  listLeases: defineRoute({
    method: 'GET',
    path: '/leases',
    operation: 'listLeases',
    tag: 'networks',
    summary: 'List leases by address',
    permission: 'leases:read',
    query: z.strictObject({
      ...PAGE_QUERY,
      network: z.string().max(253).optional().meta({ description: 'Only leases of this network.' }),
      mac: macQuery.meta({ description: 'Only leases of this MAC address.' }),
      state: leaseSchema.shape.state.optional().meta({ description: 'Only leases in this state.' }),
    }),
    answers: { 200: { description: 'A page of leases.', schema: pageOf(leaseSchema) } },
    errors: [],
    example: {
      query: { network: 'rack1' },
      status: 200,
      answer: { items: [LEASE_EXAMPLE], next_cursor: null, as_of: '4711' },
    },
  }),
  showLease: defineRoute({
    method: 'GET',
    path: '/leases/{address}',
    operation: 'showLease',
    tag: 'networks',
    summary: 'Show who holds an address, and for whom it is reserved',
    permission: 'leases:read',
    params: addressParams,
    answers: { 200: { description: 'The lease.', schema: leaseSchema } },
    errors: ['not_found'],
    example: { params: { address: '10.0.1.21' }, status: 200, answer: LEASE_EXAMPLE },
  }),
  endLease: defineRoute({
    method: 'DELETE',
    path: '/leases/{address}',
    operation: 'endLease',
    tag: 'networks',
    summary: 'End the lease of an address, so that another client can get it',
    description:
      'The client is not told: it goes on to use the address until it renews the lease. Use this when it is gone for good.',
    permission: 'leases:write',
    params: addressParams,
    query: z.strictObject({ reason: reasonText }),
    answers: { 204: { description: 'The address has no lease any more.' } },
    errors: ['not_found', 'not_stored'],
    example: { params: { address: '10.0.1.21' }, query: { reason: 'board replaced' }, status: 204 },
  }),
};
