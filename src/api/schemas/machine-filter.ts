import { z } from 'zod';
import { CONDITION_TYPES, LIFE_STATES } from '../../provision/machines/lifecycle/life.ts';
import { repeatedQuery } from '../list-form.ts';

/** A label that a machine must have, as `rack=1`, or as `rack` with any value. */
const labelFilter = z
  .string()
  .min(1)
  .max(1200)
  .transform((text) => {
    const at = text.indexOf('=');
    return at < 0 ? { key: text } : { key: text.slice(0, at), value: text.slice(at + 1) };
  });

/** Which machines: all that fit every parameter that is given. Several values of one parameter are alternatives, but a
 * machine must have all labels. */
export const MACHINE_FILTER = {
  q: z.string().max(200).optional().meta({
    description:
      'A part of the id, host name, MAC address, UUID, serial number, address or of a label value, without regard to case.',
  }),
  state: repeatedQuery(z.enum(LIFE_STATES)).meta({ description: 'Only machines in one of these states.' }),
  condition: repeatedQuery(z.enum(CONDITION_TYPES)).meta({
    description: 'Only machines of which one of these is the case.',
  }),
  label: repeatedQuery(labelFilter).meta({
    description: 'Only machines with this label, as `rack=1`, or `rack` for any value. May be repeated.',
  }),
  source: z.string().max(253).optional().meta({ description: 'Only machines that this source declares.' }),
  group: z.string().max(253).optional().meta({ description: 'Only machines that this group selects.' }),
  profile: z.string().max(253).optional().meta({ description: 'Only machines that boot this profile.' }),
};

/** Which machines. */
export type MachineFilter = z.output<z.ZodObject<typeof MACHINE_FILTER>>;
