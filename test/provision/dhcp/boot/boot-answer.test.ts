import { describe, expect, test } from 'vitest';
import { readText } from '../../../../src/protocol/dhcp/read-option.ts';
import { classifyClient, describeClient } from '../../../../src/provision/dhcp/client/boot-client.ts';
import type { BootPlan } from '../../../../src/provision/dhcp/boot/boot-plan.ts';
import {
  BIOS_PXE,
  DhcpRig,
  hex,
  IPXE_BIOS,
  IPXE_EFI,
  ip,
  mac,
  machine,
  onWire,
  outcome,
  packetOf,
  rackSubnet,
  replyOf,
  type RigOptions,
  SERVER,
  STANDARD_PLAN,
  UEFI_HTTP,
  UEFI_PXE,
} from '../dhcp-rig.ts';

/** Option 97 of a Raspberry Pi's EEPROM: the model, board revision and serial number. */
const PI_ID = (model: string): string => `00${hex(`RPi${model}`)}7041c100d37cb7b0b0b77cd3`;
const RASPBERRY_PI = mac('b8:27:eb:00:00:01');

describe('the kind of a client', () => {
  const pi = { mac: RASPBERRY_PI };
  test.each<[name: string, options: Record<number, string>, expected: object, mac?: typeof pi]>([
    ['an installed system', { 61: 'ff0102' }, { kind: undefined }],
    ['udhcpc', { 60: hex('udhcp 1.36.1') }, { kind: undefined }],
    ['UEFI PXE', UEFI_PXE, { kind: 'pxe', arch: 7, raspberryPi: false }],
    ['BIOS PXE', BIOS_PXE, { kind: 'pxe', arch: 0 }],
    ['UEFI HTTP Boot', UEFI_HTTP, { kind: 'http', arch: 16 }],
    [
      'HTTP by the class, not by the architecture',
      { 93: '0010', 60: hex('PXEClient') },
      { kind: 'pxe', arch: 16 },
    ],
    [
      'architecture from the class alone',
      { 60: hex('PXEClient:Arch:00011:UNDI:003000') },
      { kind: 'pxe', arch: 11 },
    ],
    [
      'option 93 of a wrong length',
      { 93: '00', 60: hex('PXEClient:Arch:00007:UNDI:003000') },
      { kind: 'pxe', arch: 7 },
    ],
    [
      'a list of architectures: the first known',
      { 93: 'ffff0009', 60: hex('PXEClient') },
      { kind: 'pxe', arch: 9 },
    ],
    ['NULs after the class', { ...UEFI_PXE, 60: `${hex('PXEClient')}0000` }, { kind: 'pxe' }],
    ['the class in lower case', { 93: '0007', 60: hex('pxeclient') }, { kind: undefined }],
    ['escapes and formats', { 93: '0007', 60: hex('PXEClient\x1b[31m%s%n') }, { kind: 'pxe' }],
    ['iPXE, bare user class', IPXE_EFI, { kind: 'pxe', ipxe: { ours: false, version: '1.0.0' } }],
    [
      'iPXE, user class as in RFC 3004',
      { ...UEFI_PXE, 77: '0469505845' },
      { kind: 'pxe', ipxe: { ours: false } },
    ],
    [
      'FlexBoot: no user class, but option 175',
      { ...BIOS_PXE, 175: '130101' },
      { kind: 'pxe', ipxe: { ours: false } },
    ],
    ['option 175 of another product', { ...BIOS_PXE, 175: '0a' }, { kind: 'pxe', ipxe: undefined }],
    ['our own iPXE', { ...UEFI_PXE, 77: hex('railhead/1.2') }, { kind: 'pxe', ipxe: { ours: true } }],
    ['iPXE without a vendor class', { 77: hex('iPXE') }, { kind: 'pxe' }],
    ['gPXE is firmware', { ...BIOS_PXE, 77: hex('gPXE') }, { kind: 'pxe', ipxe: undefined }],
    ['a Raspberry Pi', BIOS_PXE, { kind: 'pxe', arch: 0, raspberryPi: true }, pi],
    ['a Raspberry Pi 4 by its identifier', { ...BIOS_PXE, 97: PI_ID('4') }, { raspberryPi: true }],
    ['a Raspberry Pi 5 by its identifier', { ...BIOS_PXE, 97: PI_ID('5') }, { raspberryPi: true }],
    ['a future Raspberry Pi', { ...BIOS_PXE, 97: PI_ID('9') }, { raspberryPi: true }],
    [
      'the DHCPREQUEST of a Raspberry Pi without a class',
      { 93: '0000', 97: PI_ID('5') },
      { kind: 'pxe', raspberryPi: true },
    ],
    [
      'a Raspberry Pi of 2025 by its card',
      BIOS_PXE,
      { raspberryPi: true },
      { mac: mac('88:a2:9e:00:00:01') },
    ],
    ['an identifier that only resembles one', { ...BIOS_PXE, 97: PI_ID('x') }, { raspberryPi: false }],
    ['UEFI of a Raspberry Pi', { ...UEFI_PXE, 97: PI_ID('4') }, { raspberryPi: false }],
    ['iPXE on a Raspberry Pi', { ...IPXE_BIOS, 97: PI_ID('4') }, { raspberryPi: false }],
    [
      'a Raspberry Pi that omits its class in its DHCPREQUEST',
      { 93: '0000', 94: '010201' },
      { kind: 'pxe', arch: 0, raspberryPi: true },
      pi,
    ],
    ['a PC that omits it', { 93: '0000', 94: '010201' }, { kind: undefined }],
    ['a system that runs on a Raspberry Pi', { 12: hex('pi') }, { kind: undefined, raspberryPi: false }, pi],
    [
      'a Raspberry Pi in UEFI',
      { ...UEFI_PXE, 93: '000b' },
      { kind: 'pxe', arch: 11, raspberryPi: false },
      pi,
    ],
    ['U-Boot on ARM64', { 60: hex('U-Boot.armv8') }, { kind: undefined, uBoot: true, arch: 22 }],
    ['U-Boot on ARM32', { 60: hex('U-Boot.armv7') }, { kind: undefined, uBoot: true, arch: 21 }],
    ['U-Boot that does not name its hardware', { 60: hex('U-Boot') }, { kind: undefined, uBoot: true }],
    [
      'U-Boot recognised only by its architecture',
      { 93: '0016' },
      { kind: undefined, uBoot: true, arch: 22 },
    ],
    [
      'U-Boot with PXE',
      { 93: '0016', 60: hex('PXEClient:Arch:00022:UNDI:003000') },
      { kind: 'pxe', uBoot: false, arch: 22 },
    ],
    ['a system on x64 that sends its architecture', { 93: '0007' }, { kind: undefined, uBoot: false }],
    ['a Raspberry Pi in iPXE', IPXE_BIOS, { kind: 'pxe', raspberryPi: false }, pi],
  ])('%s', (_name, options, expected, client) => {
    const found = classifyClient(packetOf({ type: 1, options, ...client }).message);
    expect(found).toMatchObject(
      Object.fromEntries(Object.entries(expected).filter(([, value]) => value !== undefined)),
    );
    for (const [key, value] of Object.entries(expected))
      if (value === undefined) expect(found).not.toHaveProperty(key, expect.anything());
  });

  test.each<[options: Record<number, string>, words: string]>([
    [UEFI_PXE, 'PXE, x64 UEFI (7)'],
    [IPXE_BIOS, 'iPXE, x86 BIOS (0)'],
    [{ 93: 'ffff', 60: hex('PXEClient') }, 'PXE, unknown architecture (65535)'],
    [{ 60: hex('HTTPClient') }, 'HTTP, unknown architecture'],
    [{}, 'not a boot client'],
  ])('the description of %j is %s', (options, words) => {
    expect(describeClient(classifyClient(packetOf({ options }).message))).toBe(words);
  });
});

/** The boot fields of a reply, in words. */
function bootFields(
  rig: DhcpRig,
  options: Record<number, string>,
  client = mac('52:54:00:aa:bb:01'),
): object {
  const message = onWire(rig.send({ type: 1, mac: client, options: { ...options, 57: '05c0' } }));
  const vendor = message.options.get(43);
  return {
    siaddr: message.siaddr,
    sname: message.sname,
    file: message.file,
    60: readText(message.options, 60),
    66: readText(message.options, 66),
    67: readText(message.options, 67),
    43: vendor && Buffer.from(vendor).toString('hex'),
    175: message.options.has(175),
  };
}

const SCRIPT = 'http://10.20.0.1:8080/boot.ipxe';
const HTTP_FILE = 'http://10.20.0.1:8080/boot/snponly.efi';
const PI_MENU = `0601080914000011${hex('Raspberry Pi Boot')}0a0400505845ff`;
const none = {
  siaddr: '0.0.0.0',
  sname: '',
  file: '',
  60: undefined,
  66: undefined,
  67: undefined,
  43: undefined,
  175: false,
};
const firmware = {
  siaddr: SERVER,
  sname: SERVER,
  file: 'snponly.efi',
  60: 'PXEClient',
  66: SERVER,
  67: 'snponly.efi',
  43: '060108ff',
  175: false,
};
const ipxe = {
  siaddr: SERVER,
  sname: '',
  file: SCRIPT,
  60: 'PXEClient',
  66: SERVER,
  67: SCRIPT,
  43: undefined,
  175: true,
};
const http = {
  siaddr: SERVER,
  sname: '',
  file: HTTP_FILE,
  60: 'HTTPClient',
  66: undefined,
  67: HTTP_FILE,
  43: undefined,
  175: false,
};
const raspberryPi = {
  siaddr: SERVER,
  sname: '',
  file: '',
  60: 'PXEClient',
  66: SERVER,
  67: undefined,
  43: PI_MENU,
  175: false,
};

describe('boot answers where we lease', () => {
  test.each<[name: string, options: Record<number, string>, expected: object]>([
    ['BIOS PXE: 60 and 43', BIOS_PXE, firmware],
    ['UEFI PXE: 60 and 43', UEFI_PXE, firmware],
    ['iPXE on UEFI', IPXE_EFI, ipxe],
    ['iPXE on BIOS', IPXE_BIOS, ipxe],
    ['UEFI HTTP Boot', UEFI_HTTP, http],
    ['other clients: nothing', { 60: hex('MSFT 5.0') }, none],
    ['other clients, although they request it', { 55: '3c2b4243af' }, none],
  ])('%s', (_name, options, expected) => {
    expect(bootFields(new DhcpRig(), options)).toEqual(expected);
  });

  describe('only the header', () => {
    const plan = { boot: { ...STANDARD_PLAN.boot!, plainProgram: 'boot.scr.uimg' } };
    const plain = {
      siaddr: SERVER,
      sname: '',
      file: 'boot.scr.uimg',
      60: undefined,
      66: SERVER,
      67: 'boot.scr.uimg',
      43: undefined,
      175: false,
    };

    test('U-Boot: server and file, and no class of PXE', () => {
      const rig = new DhcpRig({ plan });
      expect(bootFields(rig, { 60: hex('U-Boot.armv8') })).toEqual(plain);
      const discover = { type: 1, mac: mac('020000000077'), options: { 60: hex('U-Boot.armv8') } };
      const offered = replyOf(rig.send(discover)).message.yiaddr;
      const { events } = replyOf(rig.send({ ...discover, type: 3, requested: offered, server: SERVER }));
      expect(events).toMatchObject([
        {
          kind: 'dhcp.ack',
          summary: `leased ${offered}, boots boot.scr.uimg`,
          detail: { client: 'U-Boot, ARM 64 U-Boot (22)' },
        },
      ]);
    });

    test('where the TFTP server is elsewhere', () => {
      const rig = new DhcpRig({ plan, subnets: [rackSubnet({ nextServer: ip('10.20.0.7') })] });
      expect(bootFields(rig, { 60: hex('U-Boot') })).toEqual({
        ...plain,
        siaddr: '10.20.0.7',
        66: '10.20.0.7',
      });
    });

    test("it overrides the network's options for clients that do not boot", () => {
      const options = [{ code: 67, value: { type: 'text', value: 'http://10.20.0.1/ztp.sh' } }] as const;
      const rig = new DhcpRig({ plan, subnets: [rackSubnet({ options })] });
      expect(bootFields(rig, { 60: hex('U-Boot'), 55: '43' })).toEqual(plain);
    });

    test('an installed system whose record names a program is not recorded as booting it', () => {
      const known = machine({ id: 'n', macs: [mac('020000000001')] });
      const rig = new DhcpRig({ plan, machines: [known] });
      for (let round = 0; round < 10; round++) {
        const { events, message } = replyOf(
          rig.send({ type: 3, mac: mac('020000000001'), requested: '10.20.0.50', server: SERVER }),
        );
        expect(message.file).toBe('boot.scr.uimg');
        expect(JSON.stringify(events)).not.toContain('boot.scr');
        rig.pass(2);
      }
    });

    test('beside another server there is no answer: such a client would accept an offer without an address', () => {
      const rig = new DhcpRig({ plan, subnets: [rackSubnet({ mode: 'proxy', pools: [] })] });
      expect(outcome(rig.send({ type: 1, options: { 60: hex('U-Boot.armv8') } }))).toBe('not_a_boot_client');
    });
  });

  test('Raspberry Pi', () => {
    expect(bootFields(new DhcpRig(), BIOS_PXE, RASPBERRY_PI)).toEqual(raspberryPi);
  });

  test.each(['b8:27:eb', 'dc:a6:32', 'e4:5f:01', '28:cd:c1', 'd8:3a:dd', '2c:cf:67', '88:a2:9e', '3a:35:41'])(
    'Raspberry Pi with a card of %s',
    (maker) => {
      expect(bootFields(new DhcpRig(), BIOS_PXE, mac(`${maker}:00:00:01`))).toEqual(raspberryPi);
    },
  );

  test.each<[string, Record<number, string>]>([
    ['in the vendor class alone', { 60: hex('PXEClient:Arch:00000:UNDI:002001') }],
    ['nowhere', { 60: hex('PXEClient') }],
    ['in the list of option 93 before others', { 60: hex('PXEClient'), 93: '00000029' }],
    ['beside an empty UUID', { ...BIOS_PXE, 97: '00'.repeat(17) }],
    [
      'beside an identifier of the serial number, as old EEPROMs send it',
      { ...BIOS_PXE, 97: `00${'1a2b3c4d'.repeat(4)}` },
    ],
    ['beside a client identifier', { ...BIOS_PXE, 61: '01b827eb000001', 43: '00' }],
  ])('Raspberry Pi that sends its architecture %s', (_where, options) => {
    expect(bootFields(new DhcpRig(), options, RASPBERRY_PI)).toEqual(raspberryPi);
  });

  test('a Raspberry Pi gets the same in its DHCPACK, although it does not repeat its class', () => {
    const rig = new DhcpRig();
    const offer = onWire(rig.send({ type: 1, mac: RASPBERRY_PI, options: BIOS_PXE }));
    const options = { 93: '0000', 94: '010201' };
    const ack = onWire(
      rig.send({ type: 3, mac: RASPBERRY_PI, requested: offer.yiaddr, server: SERVER, options }),
    );
    expect(ack.siaddr).toBe(SERVER);
    for (const code of [43, 60, 66, 51]) expect(ack.options.get(code)).toEqual(offer.options.get(code));
  });

  test('a menu prompt for ROMs that require one', () => {
    const rig = new DhcpRig({ subnets: [rackSubnet({ pxePrompt: true })] });
    expect(bootFields(rig, BIOS_PXE)).toEqual({ ...firmware, 43: '0601080a0400505845ff' });
  });

  test('the TFTP server can be elsewhere', () => {
    const rig = new DhcpRig({ subnets: [rackSubnet({ nextServer: ip('10.20.0.7') })] });
    const elsewhere = { siaddr: '10.20.0.7', sname: '10.20.0.7', 66: '10.20.0.7' };
    expect(bootFields(rig, UEFI_PXE)).toEqual({ ...firmware, ...elsewhere });
  });

  test('DHCPOFFER and DHCPACK contain the same', () => {
    for (const options of [UEFI_PXE, BIOS_PXE, IPXE_EFI, UEFI_HTTP]) {
      const rig = new DhcpRig();
      const offer = onWire(rig.send({ type: 1, options }));
      const ack = onWire(rig.send({ type: 3, requested: offer.yiaddr, server: SERVER, options }));
      const but = (message: typeof offer): object => ({
        ...message,
        options: [...message.options].filter(([code]) => code !== 53),
      });
      expect(but(ack)).toEqual(but(offer));
    }
  });

  test('a name too long for the header is only in option 67', () => {
    const scriptUrl = `http://10.20.0.1/${'x'.repeat(120)}`;
    const rig = new DhcpRig({ plan: { boot: { scriptUrl } } });
    expect(bootFields(rig, IPXE_EFI)).toEqual({ ...ipxe, file: '', 67: scriptUrl });
  });

  test('UEFI HTTP Boot gets a name server if the URL contains a host name, requested or not', () => {
    const plan = (httpBootUrl: string): BootPlan => ({ boot: { scriptUrl: SCRIPT, httpBootUrl } });
    const asked = { ...UEFI_HTTP, 55: '0103' };
    const named = new DhcpRig({ plan: plan('http://boot.example/snponly.efi') });
    expect(onWire(named.send({ type: 1, options: asked })).options.has(6)).toBe(true);
    const numeric = new DhcpRig({ plan: plan(HTTP_FILE) });
    expect(onWire(numeric.send({ type: 1, options: asked })).options.has(6)).toBe(false);
  });

  test('an installed system that renews gets no boot options', () => {
    const rig = new DhcpRig();
    rig.lease(mac('52:54:00:aa:bb:01'), UEFI_PXE);
    const renewal = onWire(
      rig.send({ type: 3, mac: mac('52:54:00:aa:bb:01'), ciaddr: '10.20.0.50', options: { 55: '010306' } }),
    );
    expect(renewal.siaddr).toBe('0.0.0.0');
    expect([...renewal.options.keys()]).toEqual([53, 54, 51, 58, 59, 1, 3, 6]);
  });

  test('options can give phones a boot file, and cannot break boot clients by accident', () => {
    const rig = new DhcpRig({
      subnets: [rackSubnet({ options: [{ code: 67, value: { type: 'text', value: 'phone.cfg' } }] })],
    });
    expect(readText(onWire(rig.send({ type: 1, options: { 55: '43' } })).options, 67)).toBe('phone.cfg');
    expect(readText(onWire(rig.send({ type: 1, options: { ...UEFI_PXE, 55: '43' } })).options, 67)).toBe(
      'snponly.efi',
    );
  });
});

describe('the answer depends on the stage of the boot, so that chainloading ends', () => {
  const own = 'tftp://10.20.0.1/railhead.efi';
  const features = (...tags: string[]): string => `eb03010000${tags.map((tag) => `${tag}0101`).join('')}`;
  const boot = STANDARD_PLAN.boot!;
  test.each<[name: string, options: Record<number, string>, file: string, plan?: BootPlan]>([
    ['firmware', UEFI_PXE, 'snponly.efi'],
    ['HTTP firmware', UEFI_HTTP, HTTP_FILE],
    ['iPXE that can load by HTTP', { ...IPXE_EFI, 175: features('13', '15') }, SCRIPT],
    ['iPXE without HTTP', { ...IPXE_EFI, 175: features('15') }, own],
    [
      'iPXE without HTTP, where ours is not installed',
      { ...IPXE_EFI, 175: features('15') },
      SCRIPT,
      { boot: { scriptUrl: SCRIPT } },
    ],
    ['iPXE on BIOS that cannot load a kernel', { ...IPXE_BIOS, 175: features('13') }, own],
    ['iPXE on BIOS that can', { ...IPXE_BIOS, 175: features('13', '18') }, SCRIPT],
    ['iPXE that does not list its features', { ...UEFI_PXE, 77: hex('iPXE') }, SCRIPT],
    [
      'iPXE without HTTPS for an HTTPS script',
      IPXE_EFI,
      own,
      { boot: { ...boot, scriptUrl: 'https://boot.example/boot.ipxe' } },
    ],
    [
      'iPXE with HTTPS',
      { ...IPXE_EFI, 175: features('13', '14') },
      'https://boot.example/boot.ipxe',
      { boot: { ...boot, scriptUrl: 'https://boot.example/boot.ipxe' } },
    ],
    ['another iPXE where ours is required', IPXE_EFI, own, { boot: { ...boot, requireOwnIpxe: true } }],
    [
      'ours where ours is required',
      { ...IPXE_EFI, 77: hex('railhead/1') },
      SCRIPT,
      { boot: { ...boot, requireOwnIpxe: true } },
    ],
    ['ours, whatever its features', { ...IPXE_EFI, 77: hex('railhead/1'), 175: features('15') }, SCRIPT],
  ])('%s', (_name, options, file, plan) => {
    const rig = new DhcpRig(plan === undefined ? {} : { plan });
    expect(readText(onWire(rig.send({ type: 1, options })).options, 67)).toBe(file);
  });
});

describe('nothing to boot', () => {
  const disabled: RigOptions = { plan: { reason: 'the machine is disabled' } };
  const noProgram: RigOptions = { plan: { boot: { scriptUrl: SCRIPT } } };
  const proxy = { subnets: [rackSubnet({ mode: 'proxy', pools: [] })] };

  test.each<[name: string, options: Record<number, string>, rig: RigOptions]>([
    ['PXE, disabled', UEFI_PXE, disabled],
    ['iPXE, disabled', IPXE_EFI, disabled],
    ['HTTP, disabled', UEFI_HTTP, disabled],
    ['PXE, no program for the architecture', { 93: '0001', 60: hex('PXEClient:Arch:00001') }, noProgram],
    ['PXE of an unknown architecture', { 93: 'ffff', 60: hex('PXEClient') }, noProgram],
    ['HTTP, no program', UEFI_HTTP, noProgram],
  ])('%s: an address and no boot options where we lease, silence where we do not', (_name, options, rig) => {
    const full = new DhcpRig(rig);
    expect(bootFields(full, { ...options, 55: '3c2b4243af' })).toEqual(none);
    const silent = new DhcpRig({ ...rig, ...proxy }).send({ type: 1, options });
    expect(outcome(silent)).toBe('nothing_to_boot');
    expect(silent.events).toMatchObject([{ kind: 'dhcp.ignored' }]);
  });

  test('the reason is recorded', () => {
    const decision = replyOf(new DhcpRig(disabled).send({ type: 1, options: UEFI_PXE }));
    expect(decision.events).toMatchObject([
      { kind: 'dhcp.offer', detail: { noBoot: 'the machine is disabled' } },
    ]);
  });
});

describe('boot loops', () => {
  const round = (rig: DhcpRig): object[] => {
    rig.pass(8);
    rig.send({ type: 1, options: UEFI_PXE });
    return [
      ...replyOf(rig.send({ type: 3, requested: '10.20.0.50', server: SERVER, options: UEFI_PXE })).events,
    ];
  };

  test('five times the same within a minute is recorded, once', () => {
    const rig = new DhcpRig();
    const kinds = Array.from({ length: 7 }, () =>
      round(rig).map((event) => (event as { kind: string }).kind),
    );
    expect(kinds.map((list) => list.includes('boot.loop_suspected'))).toEqual([
      false,
      false,
      false,
      false,
      true,
      false,
      false,
    ]);
  });

  test('a slow reboot loop and repeated packets are not boot loops', () => {
    const rig = new DhcpRig();
    for (let count = 0; count < 20; count++) {
      rig.pass(16);
      for (let repeat = 0; repeat < 4; repeat++) {
        const { events } = rig.send({ type: 3, requested: '10.20.0.50', server: SERVER, options: UEFI_PXE });
        expect(events).toMatchObject([{ kind: 'dhcp.ack' }]);
      }
    }
  });

  test('beside another server, repeated requests to it are not a boot loop, and repeated boots are one', () => {
    const suspected = (xidOf: (count: number) => number): boolean => {
      const rig = new DhcpRig({ subnets: [rackSubnet({ mode: 'proxy', pools: [] })] });
      return Array.from({ length: 10 }, (_, count) => {
        rig.pass(5);
        return rig.send({ type: 1, xid: xidOf(count), options: IPXE_EFI }).events;
      })
        .flat()
        .some((event) => event.kind === 'boot.loop_suspected');
    };
    expect(suspected(() => 7)).toBe(false);
    expect(suspected((count) => count)).toBe(true);
  });

  test('if the settings require it, nothing more is handed out until the minute is over', () => {
    const rig = new DhcpRig({ policy: { bootLoop: 'stop' } });
    const files = (): string => {
      rig.pass(5);
      return replyOf(rig.send({ type: 3, requested: '10.20.0.50', server: SERVER, options: UEFI_PXE }))
        .message.file;
    };
    expect(Array.from({ length: 8 }, files)).toEqual([...Array<string>(5).fill('snponly.efi'), '', '', '']);
    rig.pass(60);
    expect(files()).toBe('snponly.efi');
  });

  test('the reason is recorded for a machine that was stopped', () => {
    const rig = new DhcpRig({ policy: { bootLoop: 'stop' } });
    for (let count = 0; count < 6; count++) round(rig);
    const [last] = replyOf(rig.send({ type: 1, options: UEFI_PXE })).events;
    expect(last).toMatchObject({ detail: { noBoot: 'it got the same boot file repeatedly' } });
  });

  test('a DHCPOFFER never contains a file that the following DHCPACK omits', () => {
    const rig = new DhcpRig({ policy: { bootLoop: 'stop' } });
    const rounds = Array.from({ length: 9 }, () => {
      rig.pass(5);
      const offer = replyOf(rig.send({ type: 1, options: UEFI_PXE })).message;
      const again = replyOf(rig.send({ type: 1, options: UEFI_PXE })).message;
      const spec = { type: 3, requested: offer.yiaddr, server: SERVER, options: UEFI_PXE };
      const ack = replyOf(rig.send(spec)).message;
      // A repeated packet gets the same answer.
      const ackAgain = replyOf(rig.send(spec)).message;
      return [offer, again, ack, ackAgain].map(({ file }) => file);
    });
    expect(rounds).toEqual([
      ...Array<string[]>(5).fill(Array<string>(4).fill('snponly.efi')),
      ...Array<string[]>(4).fill(Array<string>(4).fill('')),
    ]);
  });
});
