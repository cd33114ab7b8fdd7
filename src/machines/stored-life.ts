import { z } from 'zod';
import type { JsonObject } from '../provision/json-value.ts';
import {
  ARM_PURPOSES,
  CONDITION_TYPES,
  FAILURE_CAUSES,
  type Life,
  LIFE_STATES,
  TOKEN_USES,
} from '../provision/machines/lifecycle/life.ts';

const state = z.enum(LIFE_STATES);
const purpose = z.enum(ARM_PURPOSES);
const condition = z.object({ sinceMs: z.number(), message: z.string() });

/** A life as it is stored. Unknown fields are from a later version, and are left out. */
const storedLife = z.object({
  machineId: z.string(),
  state,
  sinceMs: z.number(),
  base: z.object({ armed: state.optional(), rescue: state.optional(), failed: state.optional() }),
  arm: z
    .object({
      purpose,
      expiresAtMs: z.number(),
      ttlMs: z.number().optional(),
      attemptsLeft: z.number(),
      by: z.string(),
      reason: z.string(),
    })
    .optional(),
  purpose: purpose.optional(),
  epoch: z.number(),
  armedBySystem: z.boolean(),
  session: z
    .object({
      id: z.string(),
      startedAtMs: z.number(),
      purpose,
      mac: z.string(),
      address: z.string(),
      tokens: z.record(z.enum(TOKEN_USES), z.string()),
      fetchedAtMs: z.record(z.string(), z.number()),
    })
    .optional(),
  deadlineMs: z.number().optional(),
  lastStepAtMs: z.number().optional(),
  installsBegunMs: z.array(z.number()),
  installation: z
    .object({
      atMs: z.number(),
      release: z.string().optional(),
      disk: z.string().optional(),
      configHash: z.string().optional(),
      generation: z.string().optional(),
    })
    .optional(),
  confirmed: z.boolean(),
  failure: z
    .object({ cause: z.enum(FAILURE_CAUSES), message: z.string(), permanent: z.boolean() })
    .optional(),
  conditions: z.partialRecord(z.enum(CONDITION_TYPES), condition),
});

/** The life that a store keeps; undefined if the value is damaged, or of a version that differs too much. */
export function readStoredLife(value: JsonObject): Life | undefined {
  // Only texts that this program has written are read: MAC and IPv4 addresses need no further check.
  return storedLife.safeParse(value).data as Life | undefined;
}
