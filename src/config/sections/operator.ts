import { z } from 'zod';
import { endpoint, filePath } from './values.ts';

/** `operator`: the operator plane. */
export const operator = z
  .strictObject({
    listen: endpoint
      .nullable()
      .prefault('127.0.0.1:8081')
      .describe(
        'Address and port of the API for people and other systems; `null` turns it off. Every request needs the token.',
      )
      .meta({ example: '127.0.0.1:8081' }),
    token_file: filePath
      .optional()
      .describe(
        'File with the bearer token that the API asks for. By default the first start generates one in `operator.token` in the directory of the database, readable by the service alone; with `store.url` that is `data/` beside the settings.',
      )
      .meta({ example: '/etc/railhead/token' }),
    hosts: z
      .array(z.string().toLowerCase())
      .prefault([])
      .describe(
        'Host names that clients may use for the API, as in the Host header. IP addresses and `localhost` are always accepted.',
      )
      .meta({ example: '[railhead.example.com]' }),
  })
  .prefault({});
