import { z } from 'zod';

/** `inventories`: the sets of machines that other systems send. */
export const inventories = z
  .strictObject({
    precedence: z
      .array(z.string())
      .prefault([])
      .describe(
        'Names of inventories. Where several declare the same machine, the values of an earlier one count; those that are not named come last, by name. Files come before all inventories, and then what was written over the API.',
      )
      .meta({ example: '[netbox, cmdb]' }),
    removal_percent: z
      .int()
      .min(0)
      .max(100)
      .prefault(20)
      .describe(
        'Share of an inventory that a new set may remove without saying so; ten machines may always go. It is for the day on which an inventory system sends half of what it has.',
      ),
  })
  .prefault({});
