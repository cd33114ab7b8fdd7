import { z } from 'zod';
import { endpoint, filePath } from './values.ts';

/** `operator`: the operator plane. */
export const operator = z
  .strictObject({
    listen: endpoint
      .nullable()
      .prefault('127.0.0.1:8081')
      .describe('Where people and systems reach the API; `null` for nowhere. Every request needs the token.')
      .meta({ example: '127.0.0.1:8081' }),
    token_file: filePath
      .optional()
      .describe(
        'File with the bearer token that the API asks for. By default one is made at the first start, in `operator.token` beside the database, which only the service can read.',
      )
      .meta({ example: '/etc/railhead/token' }),
    hosts: z
      .array(z.string().toLowerCase())
      .prefault([])
      .describe(
        'Names by which clients reach the API, as they stand in the Host header; addresses and `localhost` always work.',
      )
      .meta({ example: '[railhead.example.com]' }),
  })
  .prefault({});
