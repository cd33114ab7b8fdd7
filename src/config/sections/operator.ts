import path from 'node:path';
import { z } from 'zod';
import { filePath, listenEndpoint } from './values.ts';

/** `operator`: the operator plane. */
export const operator = z
  .strictObject({
    listen: listenEndpoint
      .nullable()
      .prefault('127.0.0.1:8081')
      .describe(
        'Address and port of the API for people and other systems; `null` turns it off. Every request needs a token.',
      )
      .meta({ example: '127.0.0.1:8081' }),
    token_file: filePath
      .optional()
      .describe(
        'File with the bearer token that the API asks for. By default the first start generates one in `operator.token` in the directory of the database, readable by the service alone; with `store.url` that is `data/` beside the settings. It may do everything; `railhead tokens create` makes others.',
      )
      .meta({ example: '/etc/railhead/token' }),
    socket: filePath
      .nullable()
      .optional()
      .describe(
        'Unix socket for `railhead machines` and other commands on this host, which only the user of the service and root can open; `null` turns it off. By default `control.sock` in the directory of the database; with `store.url` that is `data/` beside the settings.',
      )
      .meta({ example: '/run/railhead/control.sock' }),
    tls: z
      .strictObject({
        cert_file: filePath.describe(
          'The certificate, and those of the authorities between it and the root, in PEM. It is read again when the file changes.',
        ),
        key_file: filePath.describe('Its private key, in PEM, without a passphrase.'),
      })
      .optional()
      .describe(
        'The API over TLS (https). Without it, it is to be reached on loopback, or through a proxy that does TLS.',
      )
      .meta({ example: '{cert_file: /etc/railhead/api.crt, key_file: /etc/railhead/api.key}' }),
    hosts: z
      .array(z.string().toLowerCase())
      .prefault([])
      .describe(
        'Host names that clients may use for the API, as in the Host header. IP addresses and `localhost` are always accepted.',
      )
      .meta({ example: '[railhead.example.com]' }),
  })
  .prefault({});

/** The Unix socket for `railhead machines`; undefined if the settings turn it off. */
export function controlSocketFile(settings: {
  readonly operator: z.output<typeof operator>;
  readonly store: { readonly file: string };
}): string | undefined {
  const { socket } = settings.operator;
  if (socket === null) return undefined;
  return socket ?? path.join(path.dirname(settings.store.file), 'control.sock');
}
