import { z } from 'zod';
import type { JsonObject } from '../../provision/json-value.ts';
import { defineRoute } from '../route.ts';
import { objectOf, reasonText, timeText } from '../schemas/values.ts';

const inventorySchema = z.strictObject({
  name: z.string(),
  machines: z.int().meta({ description: 'How many machines it declares.' }),
  put_at: timeText.meta({ description: 'When its set was last replaced.' }),
  put_by: z.string(),
  put_id: z.string().meta({ description: 'The id of that replacement.' }),
});

const changesSchema = z.strictObject({
  dry_run: z.boolean(),
  added: z.array(z.string()),
  changed: z.array(z.strictObject({ id: z.string(), fields: z.array(z.string()) })),
  removed: z.array(z.string()),
  unchanged: z.int(),
});

const sourceParams = z.strictObject({
  source: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'is a name of small letters, digits, and . _ - in between')
    .meta({ description: 'The name of the inventory.' }),
});

const REMOVAL_QUERY = {
  allow_removal: z.coerce.number().int().min(0).optional().meta({
    description: 'The number of machines that are to go, where that is more than the guard permits.',
  }),
  reason: reasonText,
};

const INVENTORY = {
  name: 'netbox',
  machines: 412,
  put_at: '2026-03-01T08:00:00.000Z',
  put_by: 'token:netbox',
  put_id: '0d7f5b1e-6f4c-4a51-9a0e-2b1c0d9e8f7a',
} as const;
/** Some hundred thousand entries at most. */
const BODY_BYTES_MAX = 16 * 1024 * 1024;

export const INVENTORY_ROUTES = {
  listInventories: defineRoute({
    method: 'GET',
    path: '/inventories',
    operation: 'listInventories',
    tag: 'inventories',
    summary: 'List the inventories, with the number of their machines and when they were last replaced',
    permission: 'machines:read',
    answers: {
      200: { description: 'All inventories.', schema: z.strictObject({ items: z.array(inventorySchema) }) },
    },
    errors: [],
    example: { status: 200, answer: { items: [INVENTORY] } },
  }),
  showInventory: defineRoute({
    method: 'GET',
    path: '/inventories/{source}',
    operation: 'showInventory',
    tag: 'inventories',
    summary: 'Show an inventory',
    permission: 'machines:read',
    params: sourceParams,
    answers: { 200: { description: 'The inventory.', schema: inventorySchema } },
    errors: ['not_found'],
    example: { params: { source: 'netbox' }, status: 200, answer: INVENTORY },
  }),
  replaceInventory: defineRoute({
    method: 'PUT',
    path: '/inventories/{source}/machines',
    operation: 'replaceInventory',
    tag: 'inventories',
    summary: 'Replace all machines of an inventory, or none of them',
    description:
      'The body has the whole set. It takes effect as a whole: a set with a fault changes nothing, and `errors` names every faulty entry. Machines that the set no longer has are removed from this inventory. If more than ten would go, and more than the share in `inventories.removal_percent`, `allow_removal` must say how many.',
    permission: 'inventory:write',
    params: sourceParams,
    query: z.strictObject({
      dry_run: z
        .enum(['true', 'false'])
        .default('false')
        .meta({ description: '`true`: only say what would change.' }),
      ...REMOVAL_QUERY,
    }),
    body: z.strictObject({
      machines: z
        .array(objectOf<JsonObject>())
        .max(200_000)
        .meta({ description: 'Machines in the form of documents under machines/, as JSON.' }),
    }),
    bodyBytesMax: BODY_BYTES_MAX,
    answers: { 200: { description: 'What has changed, or would.', schema: changesSchema } },
    errors: ['too_many_removals', 'machine_locked', 'not_stored'],
    example: {
      params: { source: 'netbox' },
      query: { dry_run: 'true' },
      body: {
        machines: [{ id: 'node1', mac: '52:54:00:a1:9c:ae', address: '10.0.1.21', labels: { rack: '7' } }],
      },
      status: 200,
      answer: {
        dry_run: true,
        added: [],
        changed: [{ id: 'node1', fields: ['labels'] }],
        removed: ['node9'],
        unchanged: 0,
      },
    },
  }),
  deleteInventory: defineRoute({
    method: 'DELETE',
    path: '/inventories/{source}',
    operation: 'deleteInventory',
    tag: 'inventories',
    summary: 'Delete an inventory with all that it declares',
    permission: 'inventory:write',
    params: sourceParams,
    query: z.strictObject(REMOVAL_QUERY),
    answers: { 200: { description: 'What was removed.', schema: changesSchema } },
    errors: ['not_found', 'too_many_removals', 'machine_locked', 'not_stored'],
    example: {
      params: { source: 'netbox' },
      query: { allow_removal: '1', reason: 'replaced' },
      status: 200,
      answer: { dry_run: false, added: [], changed: [], removed: ['node1'], unchanged: 0 },
    },
  }),
};
