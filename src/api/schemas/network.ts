import { z } from 'zod';
import { timeText, type View } from './values.ts';

const COUNT = z.int().min(0);

/** A network that is served, with the numbers of its addresses. */
export const networkSchema = z
  .strictObject({
    id: z.string(),
    cidr: z.string(),
    mode: z.enum(['full', 'proxy', 'auto', 'off']),
    pool_size: COUNT,
    bound: COUNT,
    offered: COUNT,
    declined: COUNT.meta({
      description: 'Addresses that another host used, and that nobody gets for a while.',
    }),
    remembered: COUNT.meta({
      description: 'Addresses of leases that are over; their clients get them again.',
    }),
    other_servers: z
      .array(z.strictObject({ address: z.string(), first_seen_at: timeText, last_seen_at: timeText }))
      .meta({ description: 'Other DHCP servers that clients named within the last day.' }),
  })
  .meta({ id: 'Network' });

/** The binding of an address to a client. */
export const leaseSchema = z
  .strictObject({
    address: z.string(),
    network: z.string(),
    state: z.enum(['bound', 'expired', 'released', 'declined']),
    mac: z.string().optional(),
    client_id: z.string().optional().meta({ description: 'Option 61 in hex, as last sent.' }),
    hostname: z.string().optional().meta({ description: 'The host name that the client sent.' }),
    relay_info: z.string().optional().meta({ description: 'Option 82 in hex, as last seen.' }),
    bound_at: timeText,
    expires_at: timeText.nullable().meta({ description: 'Null for a lease without end.' }),
    machine: z.string().optional().meta({ description: 'The machine that holds it, if it has a record.' }),
    reserved_for: z
      .string()
      .optional()
      .meta({ description: 'The machine whose record reserves the address; another one may hold it.' }),
  })
  .meta({ id: 'Lease' });

export type NetworkView = View<typeof networkSchema>;
export type LeaseView = View<typeof leaseSchema>;
