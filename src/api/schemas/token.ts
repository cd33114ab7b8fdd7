import { z } from 'zod';
import { PERMISSIONS, type Permission, type Role, ROLE_NAMES } from '../permissions.ts';
import { timeText, type View } from './values.ts';

const role = z.enum(ROLE_NAMES as readonly [Role, ...Role[]]);
const permission = z.enum(PERMISSIONS as readonly [Permission, ...Permission[]]);
/** A name that is safe in logs, paths and shells. */
const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'is a name of small letters, digits, and . _ - in between');

export const tokenSchema = z.strictObject({
  id: z.string().meta({ description: 'The public part of the token.' }),
  name,
  role: z.string().meta({ description: 'One of the roles of `GET /roles`.' }),
  created_at: timeText,
  created_by: z.string(),
  expires_at: timeText.nullable().meta({ description: 'null: it does not expire.' }),
  networks: z.array(z.string()).meta({ description: 'Where it may be used from; empty: from anywhere.' }),
  inventories: z
    .array(z.string())
    .nullable()
    .meta({ description: 'The inventories that it may replace; null: all, if its role permits it.' }),
  last_used_at: timeText.nullable(),
  last_used_from: z.string().nullable(),
});
export type TokenView = View<typeof tokenSchema>;

export const newTokenSchema = z.strictObject({
  name,
  role,
  expires_at: timeText.nullish().meta({ description: 'Absent or null: it does not expire.' }),
  networks: z
    .array(z.string().max(49))
    .max(64)
    .default([])
    .meta({ description: 'Networks in CIDR form that it may be used from; empty: from anywhere.' }),
  inventories: z.array(name).max(64).nullish().meta({
    description: 'For the role `inventory`: the sources whose machines it may replace; absent: all.',
  }),
});

export const meSchema = z.strictObject({
  name: z.string().meta({ description: 'As the audit shows it.' }),
  permissions: z.array(permission),
  inventories: z.array(z.string()).nullable(),
  csrf_token: z
    .string()
    .nullable()
    .meta({ description: 'Of a signed-in browser: what it sends as `X-CSRF-Token` with all but GET.' }),
  session_expires_at: timeText.nullable(),
});

export const roleSchema = z.strictObject({ role, permissions: z.array(permission) });
