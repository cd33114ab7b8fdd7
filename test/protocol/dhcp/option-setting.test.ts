import { describe, expect, test } from 'vitest';
import { OPTION_REGISTRY } from '../../../src/protocol/dhcp/option-registry.ts';
import {
  type OptionInput,
  OptionSettingError,
  readOptionSetting,
  repeatedOptions,
} from '../../../src/protocol/dhcp/option-setting.ts';
import {
  decodeOptionValue,
  encodeOptionValue,
  OPTION_TYPES,
  type OptionType,
  reservedOptionReason,
} from '../../../src/protocol/dhcp/option-value.ts';

const encoded = (input: OptionInput): string =>
  Buffer.from(encodeOptionValue(readOptionSetting(input).value)).toString('hex');

function fault(input: OptionInput): string {
  try {
    return `accepted: ${encoded(input)}`;
  } catch (error) {
    if (!(error instanceof OptionSettingError)) throw error;
    return `${error.key}: ${error.message}`;
  }
}

describe('accepted options', () => {
  test.each<[what: string, input: OptionInput, bytes: string]>([
    ['addresses without a type', { code: 6, value: ['10.0.0.53', '10.0.0.54'] }, '0a0000350a000036'],
    ['one address for a list', { code: 6, value: '10.0.0.53' }, '0a000035'],
    ['one address of type ip for a list', { code: 42, type: 'ip', value: '10.0.0.1' }, '0a000001'],
    ['a list as bytes', { code: 3, type: 'hex', value: '0a000001' }, '0a000001'],
    ['MTU', { code: 26, value: 9000 }, '2328'],
    ['west of Greenwich', { code: 2, value: -18000 }, 'ffffb9b0'],
    ['a boolean', { code: 19, value: true }, '01'],
    ['static routes', { code: 33, value: [['10.1.0.0', '10.0.0.1']] }, '0a0100000a000001'],
    ['a table of numbers', { code: 25, value: [68, 1500] }, '004405dc'],
    ['domain names', { code: 119, value: ['a.example'] }, '0161076578616d706c6500'],
    ['TFTP servers', { code: 150, value: ['10.0.0.5'] }, '0a000005'],
    ['a GRUB path in the same code', { code: 150, type: 'text', value: 'a' }, '61'],
    ['vendor options as bytes', { code: 43, value: '01 02 03' }, '010203'],
    ['vendor options as text, as Aruba has them', { code: 43, type: 'text', value: '10' }, '3130'],
    ['private use', { code: 252, type: 'text', value: 'a' }, '61'],
    ['private use, of any type', { code: 224, type: 'uint8', value: 7 }, '07'],
    ['a router solicitation by multicast', { code: 32, value: '224.0.0.2' }, 'e0000002'],
    [
      'a server by name',
      { code: 66, value: 'boot.example.com' },
      Buffer.from('boot.example.com').toString('hex'),
    ],
    [
      'a route on the link',
      { code: 121, value: [{ destination: '10.5.0.0/16', router: '0.0.0.0' }] },
      '100a0500000000',
    ],
    [
      'an address of private use, of which nothing is known',
      { code: 224, type: 'ip', value: '0.0.0.0' },
      '00000000',
    ],
    ['in use by several vendors', { code: 128, type: 'ip', value: '10.0.0.1' }, '0a000001'],
  ])('%s', (_what, input, bytes) => {
    expect(encoded(input)).toBe(bytes);
  });
});

describe('refused options, with the key and what would be valid', () => {
  test.each<[what: string, input: OptionInput, expected: string]>([
    [
      'an address as text',
      { code: 6, type: 'text', value: '10.0.0.53' },
      'type: option 6 (Domain Name Server, RFC 2132) has the type ip-list, not text',
    ],
    [
      'a name for a time server',
      { code: 42, type: 'text', value: 'pool.ntp.org' },
      'type: option 42 (NTP Servers, RFC 2132) has the type ip-list, not text',
    ],
    [
      'the same without a type',
      { code: 42, value: 'pool.ntp.org' },
      'value: option 42 (NTP Servers, RFC 2132) has the type ip-list: "pool.ntp.org" is not an IPv4 address',
    ],
    [
      'a number of the wrong size',
      { code: 26, type: 'uint32', value: 9000 },
      'type: option 26 (Interface MTU, RFC 2132) has the type uint16, not uint32',
    ],
    [
      'bytes of the wrong number',
      { code: 3, type: 'hex', value: '0a' },
      'value: option 3 (Router, RFC 2132) has the type ip-list, and these bytes are not one: 1 bytes are not a value of type ip-list',
    ],
    [
      'bytes that are not routes',
      { code: 121, type: 'hex', value: '180a' },
      'value: option 121 (Classless Static Route, RFC 3442) has the type classless-routes, and these bytes are not one',
    ],
    [
      'a number too large',
      { code: 23, value: 256 },
      'value: option 23 (Default IP Time-to-live, RFC 2132) has the type uint8: 256 is not a whole number from 0 to 255',
    ],
    ['TTL 0', { code: 23, value: 0 }, 'value: option 23 (Default IP Time-to-live) must be 1 or more'],
    ['an MTU below 68', { code: 26, value: 67 }, 'value: option 26 (Interface MTU) must be 68 or more'],
    [
      'an MTU below 68 as bytes',
      { code: 26, type: 'hex', value: '0043' },
      'value: option 26 (Interface MTU) must be 68 or more',
    ],
    [
      'a plateau below 68',
      { code: 25, value: [1500, 60] },
      'value: option 25 (Path MTU Plateau Table) must be 68 or more',
    ],
    [
      'a node type of two bits',
      { code: 46, value: 3 },
      'value: option 46 (NetBIOS Node Type) must be 1, 2, 4 or 8',
    ],
    [
      'two names in option 15',
      { code: 15, value: 'a.example b.example' },
      'value: option 15 (Domain Name) is not one domain name',
    ],
    [
      'a name outside of ASCII',
      { code: 15, value: 'büro.example' },
      'value: option 15 (Domain Name) is not one domain name',
    ],
    [
      'a host name with an underscore',
      { code: 12, value: 'a_b' },
      'value: option 12 (Host Name) is not a host name',
    ],
    [
      'half of a pair of addresses',
      { code: 33, value: [['10.1.0.0']] },
      'value: option 33 (Static Route, RFC 2132) has the type ip-pair-list: ["10.1.0.0"] is not a pair of addresses',
    ],
    [
      'yes for a boolean',
      { code: 19, value: 'yes' },
      'value: option 19 (IP Forwarding, RFC 2132) has the type boolean: "yes" is neither true nor false',
    ],
    [
      'no value',
      { code: 6 },
      'value: option 6 (Domain Name Server, RFC 2132) has the type ip-list: nothing is not an IPv4 address',
    ],
    [
      'private use without a type',
      { code: 252, value: 'a' },
      'code: option 252 has no registered type: give a type, one of ip, ip-list',
    ],
    ['an unassigned code without a type', { code: 84, value: 1 }, 'code: option 84 has no registered type'],
    [
      'set by the server: lease time',
      { code: 51, value: 60 },
      'code: option 51 cannot be set here: it is a setting of its own',
    ],
    ['set by the server: T1', { code: 58, value: 60 }, 'code: option 58 cannot be set here'],
    [
      'an option for a feature that is not supported',
      { code: 80, type: 'hex', value: '00' },
      'code: option 80 cannot be set here',
    ],
    [
      'a number that is not an option code',
      { code: 300, type: 'hex', value: '00' },
      'code: option 300 cannot be set here: option codes go from 1 to 254',
    ],
  ])('%s', (_what, input, expected) => {
    expect(fault(input)).toContain(expected);
  });
});

/** A valid value for each type. */
const SAMPLES: Readonly<Record<OptionType, unknown>> = {
  ip: '10.0.0.1',
  'ip-list': ['10.0.0.1'],
  'ip-pair-list': [['10.0.0.1', '10.0.0.2']],
  uint8: 1,
  uint16: 1500,
  'uint16-list': [1500],
  uint32: 60,
  int32: -60,
  text: 'a.example',
  hex: '0102',
  boolean: true,
  'domain-search': ['a.example'],
  'classless-routes': [{ destination: '10.0.0.0/8', router: '10.0.0.1' }],
  'sub-options': [{ code: 1, type: 'hex', value: '0a00' }],
};

describe.each([...OPTION_REGISTRY.values()].filter(({ code }) => reservedOptionReason(code) === undefined))(
  'option $code, $name',
  ({ code, types }) => {
    test('accepts its own types, bytes, and one address for a list, and no other', () => {
      const taken = OPTION_TYPES.filter(
        (type) => !fault({ code, type, value: SAMPLES[type] }).startsWith('type'),
      );
      const also = ['hex', ...(types.includes('ip-list') ? ['ip'] : [])];
      expect(new Set(taken)).toEqual(new Set([...types, ...also]));
      expect(fault({ code, value: SAMPLES[types[0]] })).toMatch(/^accepted/);
    });
  },
);

test('every code from 1 to 254 has a row, except unassigned, private and disputed ones', () => {
  const free = [84, 96, 102, 103, 104, 105, 106, 107, 110, 111, 115, 126, 127];
  free.push(128, 129, 130, 131, 132, 133, 134, 135, 149, 160);
  for (let code = 163; code <= 207; code++) free.push(code);
  free.push(214, 215, 216, 217, 218, 219, 222, 223);
  for (let code = 224; code <= 254; code++) free.push(code);
  const missing = Array.from({ length: 254 }, (_, index) => index + 1).filter(
    (code) => !OPTION_REGISTRY.has(code),
  );
  expect(missing).toEqual(free);
});

test.each(OPTION_TYPES)('a value of type %s is the same after encoding and decoding', (type) => {
  const { value } = readOptionSetting({ code: 224, type, value: SAMPLES[type] });
  expect(decodeOptionValue(type, encodeOptionValue(value))).toEqual(value);
});

test('of options with the same code the later ones are reported as repeated', () => {
  expect(repeatedOptions([{ code: 6 }, { code: 26 }, { code: 6 }, { code: 6 }])).toEqual([
    { code: 6, index: 2 },
    { code: 6, index: 3 },
  ]);
});

describe('an address that no host can have is refused where clients need one of a host', () => {
  const BROADCAST =
    'must have addresses of hosts: 255.255.255.255 is the broadcast address, which no host has';
  test.each<[what: string, input: OptionInput, expected: string]>([
    ['a router', { code: 3, value: '255.255.255.255' }, `option 3 (Router) ${BROADCAST}`],
    [
      'the second of a list',
      { code: 6, value: ['10.0.0.53', '255.255.255.255'] },
      `option 6 (Domain Name Server) ${BROADCAST}`,
    ],
    ['as bytes', { code: 42, type: 'hex', value: 'ffffffff' }, `option 42 (NTP Servers) ${BROADCAST}`],
    [
      'TFTP servers',
      { code: 150, value: '255.255.255.255' },
      `option 150 (TFTP Server Address) ${BROADCAST}`,
    ],
    [
      'a TFTP server as text',
      { code: 66, value: '255.255.255.255' },
      `option 66 (TFTP Server Name) ${BROADCAST}`,
    ],
    [
      'a static route',
      { code: 33, value: [['10.1.0.0', '255.255.255.255']] },
      `option 33 (Static Route) ${BROADCAST}`,
    ],
    [
      'a default route as a static route',
      { code: 33, value: [['0.0.0.0', '10.0.0.1']] },
      'option 33 (Static Route) has a default route, which RFC 2132 does not allow here: give it as option 3 or 121',
    ],
    [
      'a classless route',
      { code: 121, value: [{ destination: '10.1.0.0/16', router: '255.255.255.255' }] },
      `option 121 (Classless Static Route) ${BROADCAST}`,
    ],
    [
      'a classless route in the code of Microsoft',
      {
        code: 249,
        type: 'classless-routes',
        value: [{ destination: '10.1.0.0/16', router: '255.255.255.255' }],
      },
      `option 249 ${BROADCAST}`,
    ],
  ])('%s', (_what, input, expected) => {
    expect(fault(input)).toBe(`value: ${expected}`);
  });

  // Every registered option of servers or routers: a new one must be thought of here.
  test.each([
    3, 4, 5, 6, 7, 8, 9, 10, 11, 16, 41, 42, 44, 45, 48, 49, 65, 68, 69, 70, 71, 72, 73, 74, 75, 76, 85, 89,
    112, 136, 138, 142, 148, 150,
  ])('option %i', (code) => {
    for (const value of ['0.0.0.0', '127.0.0.1', '224.0.1.1'])
      expect(fault({ code, value })).toContain(`must have addresses of hosts: ${value} `);
    expect(fault({ code, value: '10.0.0.1' })).toBe('accepted: 0a000001');
  });
});
