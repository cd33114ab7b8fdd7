import { expect, test } from 'vitest';
import { OptionCode } from '../../../../src/protocol/dhcp/option-codes.ts';
import { readHostName } from '../../../../src/provision/dhcp/client/host-name.ts';

const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value));
/** Option 81 with a name as text, and in the wire format of DNS. */
const asText = (name: string): Uint8Array => Uint8Array.from([0, 0, 0, ...text(name)]);
const asWire = (...labels: string[]): Uint8Array =>
  Uint8Array.from([4, 0, 0, ...labels.flatMap((label) => [label.length, ...text(label)]), 0]);

test.each<[string, [number, Uint8Array][], string | undefined]>([
  ['nothing', [], undefined],
  ['option 12', [[OptionCode.hostName, text('web1')]], 'web1'],
  ['option 81 in the wire format', [[OptionCode.clientFqdn, asWire('web1', 'rack1', 'example')]], 'web1'],
  ['option 81 as text', [[OptionCode.clientFqdn, asText('web1.rack1.example')]], 'web1'],
  ['option 81 without a name', [[OptionCode.clientFqdn, asWire()]], undefined],
  ['option 81 that is too short', [[OptionCode.clientFqdn, Uint8Array.of(1)]], undefined],
  [
    'option 81 with a label that does not end',
    [[OptionCode.clientFqdn, Uint8Array.of(4, 0, 0, 9, 97)]],
    undefined,
  ],
  [
    'both: option 12 counts',
    [
      [OptionCode.hostName, text('own')],
      [OptionCode.clientFqdn, asWire('other', 'example')],
    ],
    'own',
  ],
])('a client that sends %s', (_name, options, expected) => {
  expect(readHostName(new Map(options))).toBe(expected);
});
