import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  findClientArchitecture,
  readClientArchitecture,
  readVendorClassArchitecture,
} from '../../../src/protocol/dhcp/client-architecture.ts';
import { IpxeFeature, readIpxeOptions } from '../../../src/protocol/dhcp/ipxe-options.ts';
import { messageTypeName } from '../../../src/protocol/dhcp/option-codes.ts';
import {
  decodeOptionValue,
  encodeOptionValue,
  OPTION_TYPES,
  type OptionType,
  parseOptionValue,
  reservedOptionReason,
} from '../../../src/protocol/dhcp/option-value.ts';
import {
  bootItemReply,
  PXE_BOOT_FILE_DIRECTLY,
  PXE_BOOT_FILE_DIRECTLY_WITH_PROMPT,
  PXE_RASPBERRY_PI,
  readBootItem,
} from '../../../src/protocol/dhcp/pxe-options.ts';
import { readRelayAgentInformation } from '../../../src/protocol/dhcp/relay-agent-information.ts';
import { readUserClasses } from '../../../src/protocol/dhcp/user-class.ts';
import { MalformedMessage } from '../../../src/protocol/malformed-message.ts';
import { GOLDEN_PACKETS, goldenBytes, hexBytes } from './golden-packets.ts';
import { decodeMessage } from '../../../src/protocol/dhcp/decode.ts';

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('options from settings', () => {
  test.each<[type: OptionType, input: unknown, hex: string]>([
    ['ip', '10.0.0.1', '0a000001'],
    ['ip-list', ['10.0.0.1', '10.0.0.2'], '0a0000010a000002'],
    ['ip-list', '10.0.0.1', '0a000001'],
    ['uint8', 255, 'ff'],
    ['uint16', 1500, '05dc'],
    ['uint32', 0xffffffff, 'ffffffff'],
    ['text', 'über', 'c3bc626572'],
    ['hex', '01:FF 02', '01ff02'],
    ['boolean', true, '01'],
    ['boolean', false, '00'],
    // The example of RFC 3397 section 2 with its second name shortened by a pointer to "apple.com".
    [
      'domain-search',
      ['eng.apple.com', 'marketing.apple.com'],
      '03656e67056170706c6503636f6d00096d61726b6574696e67c004',
    ],
    // RFC 3442: 0.0.0.0/0, 10.0.0.0/8 and 10.229.0.128/25 are examples of its own.
    [
      'classless-routes',
      [
        { destination: '0.0.0.0/0', router: '10.0.0.1' },
        { destination: '10.0.0.0/8', router: '10.0.0.2' },
        { destination: '10.229.0.128/25', router: '0.0.0.0' },
      ],
      '000a000001 080a0a000002 190ae5008000000000',
    ],
  ])('%s %j is %s', (type, input, hex) => {
    const option = parseOptionValue(type, input);
    expect(hexOf(encodeOptionValue(option))).toBe(hex.replace(/ /g, ''));
    expect(decodeOptionValue(type, encodeOptionValue(option))).toEqual(option);
  });

  test.each<[type: OptionType, input: unknown, message: string]>([
    ['ip', '10.0.0.256', '"10.0.0.256" is not an IPv4 address'],
    ['ip', undefined, 'nothing is not an IPv4 address'],
    ['ip-list', [], 'is empty'],
    ['ip-list', ['10.0.0.1', 7], '7 is not an IPv4 address'],
    ['uint8', 256, '256 is not a whole number from 0 to 255'],
    ['uint16', -1, 'from 0 to 65535'],
    ['uint32', 1.5, 'from 0 to 4294967295'],
    ['uint32', '7', '"7" is not a whole number'],
    ['text', '', 'at least one character'],
    ['text', 'a\0b', 'without NUL'],
    ['hex', '0', 'bytes in hex'],
    ['hex', 'xy', 'bytes in hex'],
    ['boolean', 'yes', 'neither true nor false'],
    ['domain-search', ['-x.example'], 'not a domain name'],
    ['domain-search', ['a..b'], 'not a domain name'],
    ['domain-search', [`${'a'.repeat(64)}.example`], 'not a domain name'],
    ['classless-routes', [], 'list of routes'],
    ['classless-routes', [{ destination: '10.0.0.1/8', router: '10.0.0.1' }], 'not a destination'],
    ['classless-routes', [{ destination: '10.0.0.0/8' }], 'not an IPv4 address'],
    ['classless-routes', ['10.0.0.0/8'], 'not a destination'],
  ])('%s refuses %j', (type, input, message) => {
    expect(() => parseOptionValue(type, input)).toThrow(RangeError);
    expect(() => parseOptionValue(type, input)).toThrow(message);
  });

  test.each<[type: OptionType, hex: string]>([
    ['ip', '0a0000'],
    ['ip-list', ''],
    ['ip-list', '0a00000a00'],
    ['uint8', ''],
    ['uint16', '00'],
    ['uint32', '0000000000'],
    ['boolean', ''],
    ['domain-search', '0361'],
    ['domain-search', 'c000'],
    ['domain-search', '0161c002'],
    ['domain-search', '0161c0'],
    ['domain-search', `40${'61'.repeat(64)}00`],
    ['classless-routes', '21'],
    ['classless-routes', '080a0a0000'],
  ])('%s does not read %s', (type, hex) => {
    expect(() => decodeOptionValue(type, hexBytes(hex))).toThrow(MalformedMessage);
  });

  test('any bytes are read or refused, and what was read can be written again', () => {
    fc.assert(
      fc.property(fc.constantFrom(...OPTION_TYPES), fc.uint8Array({ maxLength: 80 }), (type, bytes) => {
        let value;
        try {
          value = decodeOptionValue(type, bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessage);
          return;
        }
        // Names with unusual letters can be read but not written; everything else is the same after a round trip.
        if (type !== 'domain-search') {
          expect(decodeOptionValue(type, encodeOptionValue(value))).toEqual(value);
        }
      }),
    );
  });

  test.each([0, 1, 13, 51, 53, 54, 60, 82, 97, 255, 256, -1, 1.5])(
    'option %d cannot be set in settings',
    (code) => {
      expect(reservedOptionReason(code)).toBeTypeOf('string');
    },
  );
  test.each([2, 3, 6, 15, 26, 42, 66, 119, 121, 150, 224])('option %d can be set in settings', (code) => {
    expect(reservedOptionReason(code)).toBeUndefined();
  });
});

describe('user class, option 77', () => {
  test.each<[name: string, hex: string, classes: string[]]>([
    ['the bare text of iPXE', '69505845', ['iPXE']],
    ['the list of RFC 3004', '0469505845', ['iPXE']],
    ['two classes in a list', '0469505845 0361626d', ['iPXE', 'abm']],
    ['an inner length past the end', '0569505845', ['\x05iPXE']],
    ['an item without letters', '0469505845 00', ['\x04iPXE']],
    ['nothing', '', []],
    ['NULs', '0000', []],
  ])('%s', (_name, hex, classes) => {
    expect(readUserClasses(hexBytes(hex))).toEqual(classes);
  });
});

describe('option 175 of iPXE', () => {
  test('the features and the version of a captured build', () => {
    const { options } = decodeMessage(goldenBytes(GOLDEN_PACKETS.ipxeBiosDiscover));
    const ipxe = readIpxeOptions(options.get(175)!);
    expect(ipxe?.version).toBe('1.0.0');
    expect([...(ipxe?.features ?? [])].map((tag) => tag.toString(16)).sort()).toEqual([
      '10',
      '11',
      '12',
      '13',
      '15',
      '17',
      '18',
      '19',
      '21',
      '22',
      '27',
      '29',
    ]);
    expect(ipxe?.features.has(IpxeFeature.https)).toBe(false);
  });
  test.each<[name: string, hex: string]>([
    ['a tag past the end', '130201'],
    ['a lone tag', '13'],
    ['nothing', ''],
    ['tags that iPXE does not send', '010101 020101'],
  ])("%s is not read as iPXE's option", (_name, hex) => {
    expect(readIpxeOptions(hexBytes(hex))).toBeUndefined();
  });
  test('a feature that is switched off is not listed', () => {
    expect(readIpxeOptions(hexBytes('130100 150101'))?.features).toEqual(new Set([0x15]));
  });
});

describe('relay agent information, option 82', () => {
  test('the sub-options that are used', () => {
    expect(
      readRelayAgentInformation(
        hexBytes('0102 6531 0202 7377 0504 0a140000 0a0180 0b04 0a140001 1300 0101ff'),
      ),
    ).toEqual({
      circuitId: hexBytes('6531'),
      remoteId: hexBytes('7377'),
      linkSelection: '10.20.0.0',
      serverIdentifierOverride: '10.20.0.1',
      sourcePort: true,
    });
  });
  test.each<[name: string, hex: string, expected: object | undefined]>([
    ['nothing', '', {}],
    ['a sub-option past the end', '010665', undefined],
    ['a sub-option without length', '01', undefined],
    ['a link selection of the wrong length', '05030a1400', {}],
  ])('%s', (_name, hex, expected) => {
    expect(readRelayAgentInformation(hexBytes(hex))).toEqual(expected);
  });
});

describe('client architecture', () => {
  test.each([
    [0, 'x86-bios', 'bios', false],
    [1, 'pc98', 'bios', false],
    [2, 'itanium', 'uefi', false],
    [6, 'ia32', 'uefi', false],
    [7, 'x86-64', 'uefi', false],
    [8, 'arm32', 'other', false],
    [9, 'x86-64', 'uefi', false],
    [10, 'arm32', 'uefi', false],
    [11, 'arm64', 'uefi', false],
    [15, 'ia32', 'uefi', true],
    [16, 'x86-64', 'uefi', true],
    [17, 'x86-64', 'uefi', true],
    [18, 'arm32', 'uefi', true],
    [19, 'arm64', 'uefi', true],
    [20, 'x86-bios', 'bios', true],
    [21, 'arm32', 'u-boot', false],
    [22, 'arm64', 'u-boot', false],
    [23, 'arm32', 'u-boot', true],
    [24, 'arm64', 'u-boot', true],
    [25, 'riscv32', 'uefi', false],
    [26, 'riscv32', 'uefi', true],
    [27, 'riscv64', 'uefi', false],
    [28, 'riscv64', 'uefi', true],
    [29, 'riscv128', 'uefi', false],
    [30, 'riscv128', 'uefi', true],
    [31, 's390', 'other', false],
    [32, 's390', 'other', false],
    [33, 'mips32', 'uefi', false],
    [34, 'mips64', 'uefi', false],
    [35, 'sunway32', 'uefi', false],
    [36, 'sunway64', 'uefi', false],
    [37, 'loongarch32', 'uefi', false],
    [38, 'loongarch32', 'uefi', true],
    [39, 'loongarch64', 'uefi', false],
    [40, 'loongarch64', 'uefi', true],
    [41, 'arm64', 'other', false],
  ])('%d is %s by %s', (code, instructionSet, firmware, http) => {
    expect(findClientArchitecture(code)).toMatchObject({ code, instructionSet, firmware, http });
  });
  test('an unassigned code has no row', () => {
    expect(findClientArchitecture(42)).toBeUndefined();
    expect(findClientArchitecture(65535)).toBeUndefined();
  });
  test.each<[hex: string, code: number | undefined]>([
    ['0007', 7],
    ['ffff0007', 7],
    ['ffff', 65535],
    ['', undefined],
    ['00', undefined],
    ['000700', undefined],
  ])('option 93 of %j is %s', (hex, code) => {
    expect(readClientArchitecture(hexBytes(hex))).toBe(code);
  });
  test.each<[text: string, code: number | undefined]>([
    ['PXEClient:Arch:00007:UNDI:003016', 7],
    ['PXEClient', undefined],
    ['PXEClient:Arch:7', undefined],
  ])('the vendor class %s names %s', (text, code) => {
    expect(readVendorClassArchitecture(text)).toBe(code);
  });
});

describe('PXE vendor options, option 43', () => {
  test('the answers, byte for byte', () => {
    expect(hexOf(PXE_BOOT_FILE_DIRECTLY)).toBe('060108ff');
    expect(hexOf(PXE_BOOT_FILE_DIRECTLY_WITH_PROMPT)).toBe('0601080a0400505845ff');
    expect(hexOf(PXE_RASPBERRY_PI)).toBe(
      `0601080914000011${Buffer.from('Raspberry Pi Boot').toString('hex')}0a0400505845ff`,
    );
  });
  test.each<[hex: string, item: string | undefined]>([
    ['4704 0000 0000 ff', '00000000'],
    ['00 060108 4704 8001 0000', '80010000'],
    ['060108 ff 470400000000', undefined],
    ['4703000000', undefined],
    ['470400', undefined],
    ['47', undefined],
    ['', undefined],
  ])('the boot item of %j is %s', (hex, item) => {
    const found = readBootItem(hexBytes(hex));
    expect(found && hexOf(found)).toBe(item);
  });
  test('a boot item is confirmed unchanged', () => {
    expect(hexOf(bootItemReply(hexBytes('80010000')))).toBe('470480010000ff');
  });
});

test('message types have the names of the RFCs', () => {
  expect([undefined, 1, 5, 13, 99].map(messageTypeName)).toEqual([
    'BOOTP',
    'DHCPDISCOVER',
    'DHCPACK',
    'DHCPLEASEACTIVE',
    'DHCP type 99',
  ]);
});
