import { describe, expect, test } from 'vitest';
import type { Generation } from '../../src/catalog/generation.ts';
import { BootDecider } from '../../src/catalog/boot-decider.ts';
import { loadCatalog } from '../../src/catalog/load-catalog.ts';
import { formatProblem } from '../../src/documents/problem.ts';
import type { BootClient } from '../../src/provision/dhcp/client/boot-client.ts';
import { bootTarget, type BootTargetSources } from '../../src/provision/dhcp/boot/boot-target.ts';
import type { BootPlan } from '../../src/provision/dhcp/boot/boot-plan.ts';
import type { Identification } from '../../src/provision/machines/identification.ts';
import { MachineIndex } from '../../src/provision/machines/machine-index.ts';
import type { Machine } from '../../src/provision/machines/machine.ts';
import { composeBootPlan } from '../../src/app/compose-boot-plan.ts';
import { AFTERWARDS, catalogTree } from '../catalog/catalog-tree.ts';
import { ip, machine, rackSubnet, SERVER } from '../provision/dhcp/dhcp-rig.ts';

const PROGRAMS = new Set([
  ...['undionly.kpxe', 'snponly.efi', 'snponly-i386.efi', 'snponly-arm32.efi', 'snponly-arm64.efi'],
  ...['snponly-riscv64.efi', 'snponly-loong64.efi', 'grubarm.efi', 'grubaa64.efi'],
]);
const HTTP = `http://${SERVER}:8080`;

const clientOf = (fields: Partial<BootClient>): BootClient => ({
  kind: 'pxe',
  raspberryPi: false,
  uBoot: false,
  userClasses: [],
  ...fields,
});

const identified = (known: Machine | undefined): Identification => ({
  ...(known !== undefined && { machine: known, matchedBy: 'mac' }),
  card: known === undefined ? 'unlisted' : 'listed',
  conflicts: [],
});

function plan(
  {
    machine: known,
    ...query
  }: Partial<Parameters<typeof composeBootPlan>[1]> & { readonly machine?: Machine },
  generation?: Generation,
  requireOwnIpxe = false,
  programs: Partial<BootTargetSources> = {},
): BootPlan {
  const originFor = (address: string): string => `http://${address}:8080`;
  return composeBootPlan(
    {
      decider: new BootDecider({ generation: () => generation, unmatched: 'wait' }),
      localBoots: { find: () => undefined },
      bootPrograms: { found: PROGRAMS, byArchitecture: new Map(), requireOwnIpxe, ...programs },
      originFor,
    },
    {
      client: clientOf({}),
      subnet: rackSubnet(),
      serverAddress: SERVER,
      identification: identified(known),
      ...query,
    },
  );
}

// Every row of the table of architectures. Architectures that are not listed have no program of ours.
const EXPECTED: Readonly<Record<number, string>> = {
  ...{ 0: 'undionly.kpxe', 6: 'snponly-i386.efi', 7: 'snponly.efi', 9: 'snponly.efi' },
  ...{ 10: 'snponly-arm32.efi', 11: 'snponly-arm64.efi', 15: 'snponly-i386.efi', 16: 'snponly.efi' },
  ...{ 17: 'snponly.efi', 18: 'snponly-arm32.efi', 19: 'snponly-arm64.efi', 20: 'undionly.kpxe' },
  ...{ 21: 'boot.scr.uimg', 22: 'boot.scr.uimg', 23: 'boot.scr.uimg', 24: 'boot.scr.uimg' },
  ...{
    27: 'snponly-riscv64.efi',
    28: 'snponly-riscv64.efi',
    39: 'snponly-loong64.efi',
    40: 'snponly-loong64.efi',
  },
};

test.each(Array.from({ length: 43 }, (_, arch) => [arch, EXPECTED[arch]] as const))(
  'architecture %i boots %s, by TFTP and by HTTP',
  (arch, expected) => {
    const { boot } = plan({ client: clientOf({ arch }) });
    expect(boot?.bootProgram).toBe(expected);
    expect(boot?.httpBootUrl).toBe(expected === undefined ? undefined : boot && `${HTTP}/boot/${expected}`);
    // A program that the machine's record names is not checked: the operator chose it.
    const named = plan({ client: clientOf({ arch }), machine: machine({ id: 'n', bootProgram: 'own.efi' }) });
    expect(named.boot?.bootProgram).toBe('own.efi');
  },
); // prettier-ignore

describe('boot programs by setting', () => {
  const byArchitecture = new Map([
    [7, 'ipxe-signed.efi'],
    [22, 'vendor/boot.scr'],
  ]);
  test.each<[client: Partial<BootClient>, expected: string | undefined]>([
    [{ arch: 7 }, 'ipxe-signed.efi'],
    [{ arch: 22 }, 'vendor/boot.scr'],
    [{ arch: 11 }, 'snponly-arm64.efi'],
    [{ kind: undefined, uBoot: true, arch: 22 }, 'vendor/boot.scr'],
    [{ kind: undefined, uBoot: true }, 'boot.scr.uimg'],
  ])('%j: %s', (client, expected) => {
    expect(plan({ client: clientOf(client) }, undefined, false, { byArchitecture }).boot?.bootProgram).toBe(
      expected,
    );
  });

  test('those of the group come before those of the network, and these before all', () => {
    const subnet = rackSubnet({
      bootPrograms: new Map([
        [7, 'network.efi'],
        [11, 'network-arm.efi'],
      ]),
    });
    const bootTargetOf = (arch: number): string | undefined =>
      bootTarget(
        { found: PROGRAMS, byArchitecture, requireOwnIpxe: false },
        { client: clientOf({ arch }), subnet, serverAddress: SERVER, identification: identified(undefined) },
        HTTP,
        new Map([[7, 'group.efi']]),
      ).bootProgram;
    expect([7, 11, 22, 0].map(bootTargetOf)).toEqual([
      'group.efi',
      'network-arm.efi',
      'vendor/boot.scr',
      'undionly.kpxe',
    ]);
  });

  test('a record comes before them', () => {
    const known = machine({ id: 'n', bootProgram: 'own.efi' });
    const { boot } = plan({ client: clientOf({ arch: 7 }), machine: known }, undefined, false, {
      byArchitecture,
    });
    expect(boot?.bootProgram).toBe('own.efi');
  });
});

describe('if another host is the TFTP server', () => {
  const subnet = rackSubnet({ nextServer: ip('10.20.0.3') });
  const found = new Set<string>();

  test.each([
    [0, 'undionly.kpxe'],
    [7, 'snponly.efi'],
    [11, 'snponly-arm64.efi'],
    [22, 'boot.scr.uimg'],
    [31, undefined],
  ])('architecture %i gets the usual name, although there is no such file here', (arch, expected) => {
    const { boot } = plan({ client: clientOf({ arch }), subnet }, undefined, false, { found });
    expect(boot?.bootProgram).toBe(expected);
    expect(boot?.httpBootUrl).toBeUndefined();
  });

  test('a name from the settings is sent unchanged', () => {
    const byArchitecture = new Map([[7, 'grub/shimx64.efi']]);
    const { boot } = plan({ client: clientOf({ arch: 7 }), subnet }, undefined, false, {
      found,
      byArchitecture,
    });
    expect(boot).toMatchObject({
      bootProgram: 'grub/shimx64.efi',
      ownIpxeUrl: 'tftp://10.20.0.3/grub/shimx64.efi',
    });
  });

  test('on this host, a missing file is not offered', () => {
    expect(
      plan({ client: clientOf({ arch: 7 }) }, undefined, false, { found }).boot?.bootProgram,
    ).toBeUndefined();
    const own = rackSubnet({ nextServer: SERVER });
    expect(
      plan({ client: clientOf({ arch: 7 }), subnet: own }, undefined, false, { found }).boot?.bootProgram,
    ).toBeUndefined();
  });
});

test('only U-Boot, and a machine whose record names a program, gets only the header fields', () => {
  const plain = clientOf({ kind: undefined });
  expect(plan({ client: plain }).boot?.plainProgram).toBeUndefined();
  expect(plan({ client: clientOf({ kind: undefined, uBoot: true, arch: 22 }) }).boot?.plainProgram).toBe(
    'boot.scr.uimg',
  );
  const known = machine({ id: 'n', bootProgram: 'onie-installer' });
  expect(plan({ client: plain, machine: known }).boot?.plainProgram).toBe('onie-installer');
});

test('UEFI HTTP Boot is given no URL that does not end in .efi', () => {
  const named = machine({ id: 'n', bootProgram: 'own.bin' });
  expect(plan({ client: clientOf({ arch: 16 }), machine: named }).boot).not.toHaveProperty('httpBootUrl');
});

describe('where an iPXE that lacks a feature finds the boot program', () => {
  const ipxe = (...features: number[]): BootClient =>
    clientOf({ arch: 0, ipxe: { ours: false, features: new Set(features) } });
  const elsewhere = rackSubnet({ nextServer: ip('10.20.0.7') });
  test.each([
    ['by TFTP', ipxe(0x13, 0x15), rackSubnet(), `tftp://${SERVER}/undionly.kpxe`],
    ['by TFTP, where the TFTP server is', ipxe(0x15), elsewhere, 'tftp://10.20.0.7/undionly.kpxe'],
    ['by HTTP, if it supports nothing else', ipxe(0x13), elsewhere, `${HTTP}/boot/undionly.kpxe`],
    [
      'by TFTP, if it lists no features',
      clientOf({ arch: 0 }),
      rackSubnet(),
      `tftp://${SERVER}/undionly.kpxe`,
    ],
  ])('%s', (_name, client, subnet, expected) => {
    expect(plan({ client, subnet }).boot?.ownIpxeUrl).toBe(expected);
  });
});

test('whether every iPXE must load ours first follows the setting', () => {
  expect(plan({ client: clientOf({ arch: 7 }) }).boot?.requireOwnIpxe).toBe(false);
  expect(plan({ client: clientOf({ arch: 7 }) }, undefined, true).boot?.requireOwnIpxe).toBe(true);
});

test('options of a record for one network override its others there, and stay there', async () => {
  const loaded = await loadCatalog(
    catalogTree({
      'machines/m.yaml': [
        'id: m',
        'mac: 52:54:00:00:00:01',
        'address: [10.20.0.9, 10.21.0.9]',
        'dhcp_options:',
        '  - {code: 26, value: 9000}',
        '  - {code: 12, value: m1}',
        '  - {code: 26, value: 1400, network: wan}',
        '  - {code: 15, value: wan.example, network: wan}',
        '',
      ].join('\n'),
    }),
    () => new Date(0),
  );
  expect(loaded.problems).toEqual([]);
  const [known] = loaded.machines;
  expect(known).toMatchObject({ address: '10.20.0.9', furtherAddresses: ['10.21.0.9'] });
  const optionsOn = (id: string): Record<number, string> =>
    Object.fromEntries(
      [...(plan({ machine: known!, subnet: rackSubnet({ id }) }).machineOptions ?? [])].map(
        ([code, value]) => [code, Buffer.from(value).toString('hex')],
      ),
    );
  expect(optionsOn('rack')).toEqual({ 26: '2328', 12: '6d31' });
  expect(optionsOn('wan')).toEqual({
    26: '0578',
    12: '6d31',
    15: Buffer.from('wan.example').toString('hex'),
  });
});

test.each([
  ['address: [10.20.0.9, 10.20.0.999]', 'machines/m.yaml:3:22: "10.20.0.999" is not an IPv4 address'],
  [
    'dhcp_options: [{code: 26, value: 9000, network: a}, {code: 26, value: 1400, network: a}]',
    'machines/m.yaml:3:60: option 26 is given twice: keep one of them',
  ],
  ['dhcp_options: [{code: 26, value: x, network: a}]', 'machines/m.yaml:3:34: option 26'],
])('a record with %s is faulty', async (line, expected) => {
  const tree = catalogTree({ 'machines/m.yaml': `id: m\nmac: 52:54:00:00:00:01\n${line}\n` });
  const { problems } = await loadCatalog(tree, () => new Date(0));
  expect(problems.map(formatProblem)).toEqual([expect.stringContaining(expected)]);
});

test('a machine gets the options of its group, however DHCP identified it, and its own', async () => {
  const loaded = await loadCatalog(
    catalogTree({
      'profiles/p.yaml': 'id: p\n',
      'groups/g.yaml':
        'id: g\nprofile: p\nselector: {rack: "1"}\ndhcp_options:\n  - {code: 26, type: uint16, value: 9000}\ndhcp_force: [26]\ndhcp_suppress: [6]\nboot_programs: {"7": group.efi}\n',
      'machines/m.yaml':
        'id: m\nclient_id: ff00\nswitch_port: {circuit_id: "AB:CD"}\nlabels: {rack: "1"}\nlease_seconds: infinite\ndhcp_force: [6]\ndhcp_options:\n  - {code: 12, type: text, value: m1}\n',
    }),
    AFTERWARDS,
  );
  if (loaded.generation === undefined || loaded.problems.length > 0)
    throw new Error(JSON.stringify(loaded.problems));
  const { generation, machines } = loaded;
  const index = new MachineIndex(machines);
  for (const identity of [{ clientId: 'ff00' }, { circuitId: 'abcd', remoteId: '01' }]) {
    const found = plan({ identification: index.identify(identity) }, generation);
    expect(found.groupOptions?.get(26)).toEqual(Uint8Array.of(0x23, 0x28));
    expect(Buffer.from(found.machineOptions!.get(12)!).toString()).toBe('m1');
    expect(found.leaseSeconds).toBe(Infinity);
    expect(found.sending).toEqual({ forced: new Set([26, 6]), suppressed: new Set() });
    expect(
      plan({ client: clientOf({ arch: 7 }), identification: index.identify(identity) }, generation).boot,
    ).toMatchObject({ bootProgram: 'group.efi' });
  }
});
