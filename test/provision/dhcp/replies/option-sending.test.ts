import { describe, expect, test } from 'vitest';
import { composeSending, type ComposedSending } from '../../../../src/protocol/dhcp/option-sending.ts';
import { encodeOptionValue, parseOptionValue } from '../../../../src/protocol/dhcp/option-value.ts';
import type { BootPlan } from '../../../../src/provision/dhcp/boot/boot-plan.ts';
import type { VendorOptions } from '../../../../src/provision/dhcp/subnets/subnet.ts';
import { DhcpRig, hex, onWire, optionsOnWire, rackSubnet, STANDARD_PLAN, UEFI_PXE } from '../dhcp-rig.ts';

const text = (value: string): Uint8Array => Buffer.from(value);
const codes = (rig: DhcpRig, options: Record<number, string>): number[] =>
  [...onWire(rig.send({ type: 1, options })).options.keys()].filter((code) => code !== 54);

describe('the record overrides the group', () => {
  test.each([
    [undefined, undefined, undefined],
    [{ force: [66] }, undefined, { forced: [66], suppressed: [] }],
    [
      { force: [66], suppress: [3] },
      { suppress: [66], force: [3] },
      { forced: [3], suppressed: [66] },
    ],
    [{ suppress: [3] }, { suppress: [6] }, { forced: [], suppressed: [3, 6] }],
  ])('%j and %j', (group, machine, expected) => {
    const composed = composeSending(group, machine);
    expect(composed && { forced: [...composed.forced], suppressed: [...composed.suppressed] }).toEqual(
      expected,
    );
  });
});

describe('forced and suppressed options', () => {
  const rigWith = (plan: Partial<BootPlan>): DhcpRig => new DhcpRig({ plan: { ...STANDARD_PLAN, ...plan } });
  const sending = (forced: number[], suppressed: number[] = []): ComposedSending => ({
    forced: new Set(forced),
    suppressed: new Set(suppressed),
  });

  test('a forced option is sent to a client that does not ask for it, wherever its value is from', () => {
    const groupOptions = new Map([[150, Uint8Array.of(10, 0, 0, 5)]]);
    const rig = rigWith({ groupOptions, sending: sending([150, 3, 42]) });
    // 42 has no value anywhere.
    expect(codes(rig, { 55: '01' })).toEqual([53, 51, 58, 59, 1, 3, 150]);
    expect(codes(rigWith({ groupOptions }), { 55: '01' })).toEqual([53, 51, 58, 59, 1]);
  });

  test('a suppressed option is not sent, asked for or not', () => {
    const rig = rigWith({ sending: sending([], [3]) });
    expect(codes(rig, { 55: '010306' })).toEqual([53, 51, 58, 59, 1, 6]);
    expect(codes(rig, {})).toEqual([53, 51, 58, 59, 1, 6]);
  });

  test('what a client boots by can be suppressed, and is not forced', () => {
    expect(codes(rigWith({}), { ...UEFI_PXE, 55: '01' })).toEqual([53, 51, 58, 59, 1, 60, 43, 66, 67]);
    expect(codes(rigWith({ sending: sending([], [43, 66]) }), { ...UEFI_PXE, 55: '01' })).toEqual([
      53, 51, 58, 59, 1, 60, 67,
    ]);
    const machineOptions = new Map([[67, text('other.efi')]]);
    const { options } = onWire(
      rigWith({ machineOptions, sending: sending([67]) }).send({ type: 1, options: UEFI_PXE }),
    );
    expect(Buffer.from(options.get(67)!).toString()).toBe('snponly.efi');
  });

  test('in mode proxy as well', () => {
    const subnets = [rackSubnet({ mode: 'proxy', pools: [], uefiProxyStyle: 'discovery8' })];
    const proxied = (plan: Partial<BootPlan>): number[] =>
      codes(new DhcpRig({ subnets, plan: { ...STANDARD_PLAN, ...plan } }), UEFI_PXE);
    expect(proxied({})).toEqual([53, 60, 43, 66, 67]);
    expect(proxied({ sending: sending([], [43]) })).toEqual([53, 60, 66, 67]);
  });
});

describe('options by vendor class', () => {
  const controller = parseOptionValue('sub-options', [
    { code: 1, type: 'ip', value: '10.0.0.8' },
    { code: 2, type: 'text', value: 'ab' },
  ]);
  const vendorOptions: VendorOptions[] = [
    { vendorClass: 'ubnt', options: [{ code: 43, value: controller }] },
    { vendorClass: 'Cisco AP c', options: [{ code: 43, value: { type: 'hex', value: 'f1040a000009' } }] },
    { vendorClass: 'Cisco', options: [{ code: 150, value: { type: 'ip-list', value: [] } }] },
  ];
  const subnets = [
    rackSubnet({ vendorOptions, options: [{ code: 43, value: { type: 'text', value: 'all' } }] }),
  ];
  const option43 = (vendorClass: string | undefined, plan: BootPlan = {}): string | undefined => {
    const rig = new DhcpRig({ subnets, plan });
    const options = { ...(vendorClass !== undefined && { 60: hex(vendorClass) }), 55: '2b' };
    const value = onWire(rig.send({ type: 1, options })).options.get(43);
    return value && Buffer.from(value).toString('hex');
  };

  test('sub-options are code, length and value, one after another', () => {
    expect(Buffer.from(encodeOptionValue(controller)).toString('hex')).toBe('01040a00000802026162');
  });

  test.each([
    ['ubnt', '01040a00000802026162'],
    ['ubnt-u6', '01040a00000802026162'],
    ['Cisco AP c2700', 'f1040a000009'],
    ['Cisco IP phone', hex('all')],
    [undefined, hex('all')],
  ])('%s', (vendorClass, expected) => {
    expect(option43(vendorClass)).toBe(expected);
  });

  test('the options of a group and a machine override them', () => {
    expect(option43('ubnt', { groupOptions: new Map([[43, text('group')]]) })).toBe(hex('group'));
    expect(option43('ubnt', { machineOptions: new Map([[43, text('own')]]) })).toBe(hex('own'));
  });

  test('a client that boots keeps the option 43 of its boot answer', () => {
    const rig = new DhcpRig({
      subnets: [
        rackSubnet({ vendorOptions: [{ vendorClass: 'PXEClient', options: vendorOptions[0]!.options }] }),
      ],
    });
    const { options } = onWire(rig.send({ type: 1, options: UEFI_PXE }));
    expect(Buffer.from(options.get(43)!).toString('hex')).toBe('060108ff');
  });

  test('the offer to an access point, byte by byte', () => {
    const rig = new DhcpRig({ subnets, plan: {} });
    expect(optionsOnWire(rig.send({ type: 1, options: { 60: hex('ubnt'), 55: '01032b' } }))).toBe(
      [
        ...['350102', '36040a140001', '330400000e10', '3a0400000708', '3b0400000c4e', '0104ffffff00'],
        ...['03040a1400fe', '2b0a01040a00000802026162', 'ff'],
      ].join(''),
    );
  });
});

test.each([
  [[], 'is not a list of sub-options'],
  [[{ code: 0, type: 'ip', value: '10.0.0.1' }], 'is not a whole number from 1 to 254'],
  [[{ code: 1, value: '10.0.0.1' }], 'sub-option 1 needs a type'],
  [[{ code: 1, type: 'sub-options', value: [] }], 'sub-option 1 needs a type'],
  [[{ code: 1, type: 'text', value: 'x'.repeat(256) }], 'sub-option 1 has 256 bytes, and 255 fit'],
])('sub-options %j: %s', (input, expected) => {
  expect(() => parseOptionValue('sub-options', input)).toThrow(expected);
});
