import { z } from 'zod';
import { endpoint } from './values.ts';

/** `operator`: the operator plane. */
export const operator = z
  .strictObject({
    listen: endpoint
      .nullable()
      .prefault('127.0.0.1:8081')
      .describe(
        'Where people and systems reach the API; `null` for nowhere. Anything but loopback needs a token.',
      )
      .meta({ example: '127.0.0.1:8081' }),
    token_file: z
      .string()
      .optional()
      .describe('File with the bearer token that the API asks for.')
      .meta({ example: '/etc/railhead/token' }),
  })
  .prefault({});
