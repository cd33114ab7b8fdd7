import { expect, test } from 'vitest';
import { composeBootPlan } from '../../src/app/compose-boot-plan.ts';
import { withholdBoot } from '../../src/app/withhold-boot.ts';
import { BootDecider } from '../../src/catalog/boot-decider.ts';
import type { Generation } from '../../src/catalog/generation.ts';
import { loadCatalog } from '../../src/catalog/load-catalog.ts';
import { MachineRegistry } from '../../src/machines/machine-registry.ts';
import { advance } from '../../src/provision/machines/lifecycle/advance.ts';
import type { LifeEvent } from '../../src/provision/machines/lifecycle/life-event.ts';
import { newLife } from '../../src/provision/machines/lifecycle/life.ts';
import { MachineIndex } from '../../src/provision/machines/machine-index.ts';
import type { LocalBootMethod } from '../../src/provision/boot/local-boot.ts';
import { discoveredMachineId } from '../../src/provision/machines/machine.ts';
import { type MacAddress, parseMac } from '../../src/protocol/mac-address.ts';
import type { UnmatchedPolicy } from '../../src/provision/boot/decide-boot.ts';
import { claimsOfLabels, labelsFromQuery } from '../../src/provision/selection/labels.ts';
import { BootAnswers } from '../../src/server/boot-http/boot-answers.ts';
import { HotFiles } from '../../src/server/tftp/content/hot-files.ts';
import { bootProgramContent } from '../../src/server/tftp/content/boot-program-content.ts';
import { AFTERWARDS, catalogTree, writeCatalogFile } from '../catalog/catalog-tree.ts';
import { NOW_MS, someArm } from '../provision/machines/lifecycle/some-lives.ts';
import {
  BIOS_PXE,
  clientMac,
  DhcpRig,
  hex,
  ip,
  IPXE_EFI,
  rackSubnet,
  replyOf,
  SERVER,
} from '../provision/dhcp/dhcp-rig.ts';

// Every cause of the boot decision against every protocol that machines use: no two may disagree about one machine.

/** What is wrong with the catalog on purpose. */
const NO_PROFILE = 'there is no profile "missing"';

const FILES = {
  'profiles/p.yaml': 'id: p\nboot: {kernel: /k}\nignition: p.ign\ngeneric: {motd: motd.txt}\n',
  'profiles/p.ign': '{"ignition":{"version":"3.4.0"}}',
  'profiles/motd.txt': 'hello\n',
  'profiles/disk.yaml':
    'id: disk\nboot: {kernel: /disk}\nignition: p.ign\ngeneric: {motd: motd.txt}\nlifecycle: install\n',
  'profiles/careful.yaml':
    'id: careful\nboot: {kernel: /k}\nignition: p.ign\ngeneric: {motd: motd.txt}\nlifecycle: install\nunarmed: wait\non_failure: local\nrescue: missing\n',
  'profiles/secret.yaml':
    'id: secret\nboot: {kernel: /k}\nignition: p.ign\ngeneric: {motd: motd.txt}\nprotect: session\n',
  'profiles/rescue.yaml': 'id: rescue\nboot: {kernel: /rescue}\nignition: p.ign\ngeneric: {motd: motd.txt}\n',
  'groups/more.yaml': [
    'id: disk\nprofile: disk\nselector: {rack: "2"}\n',
    'id: careful\nprofile: careful\nselector: {rack: "3"}\n',
    'id: secret\nprofile: secret\nselector: {rack: "4"}\n',
    'id: auto\nprofile: disk\nselector: {rack: "5"}\narm: auto\n',
  ].join('---\n'),
  'groups/g.yaml':
    'id: g\nprofile: p\nselector: {rack: "1"}\ndhcp_options: [{code: 26, type: uint16, value: 9000}]\n',
  'machines/m.yaml': [
    'id: on\nmac: 52:54:00:00:00:01\nlabels: {rack: "1"}\nlease_seconds: 7200\n',
    'id: off\nmac: 52:54:00:00:00:02\nlabels: {rack: "1"}\nlease_seconds: 7200\ndisabled: true\ndhcp_options: [{code: 6, type: ip-list, value: [10.20.0.99]}]\n',
    'id: disk\nmac: 52:54:00:00:00:03\nlabels: {rack: "2"}\n',
    'id: careful\nmac: 52:54:00:00:00:04\nlabels: {rack: "3"}\n',
    'id: secret\nmac: 52:54:00:00:00:05\nlabels: {rack: "4"}\n',
    'id: auto\nmac: 52:54:00:00:00:06\nlabels: {rack: "5"}\n',
  ].join('---\n'),
  'snponly.efi': 'MZ',
};

interface Plane {
  readonly dhcp: 'boots' | 'no boot file';
  /** TFTP and `/boot/`: the boot program. */
  readonly program: 'sent' | 'withheld';
  readonly ipxe: string;
  readonly grub: string;
  readonly ignition: number;
  readonly generic: number;
  readonly metadata: number;
}

const served = { kind: 'script_served', purpose: 'install' } as const;
const installing = [
  { kind: 'arm', arm: someArm('install', 2) },
  served,
  { kind: 'ignition_served' },
] as const;
const installed = [...installing, { kind: 'report_installed', installation: { atMs: NOW_MS } }] as const;
const failed = [...installing, { kind: 'report_failed', message: 'no disk', permanent: true }] as const;

/** What has happened to the machine before it boots. */
const PAST = {
  nothing: [],
  held: [{ kind: 'hold', message: 'for a test' }],
  retired: [{ kind: 'retire' }],
  rejected: [{ kind: 'reject' }],
  armed: [{ kind: 'arm', arm: someArm() }],
  'armed, too long ago': [{ kind: 'arm', arm: { ...someArm(), expiresAtMs: NOW_MS } }],
  'armed for rescue': [{ kind: 'arm', arm: someArm('rescue') }],
  'armed for reset': [{ kind: 'arm', arm: someArm('reset') }],
  installing,
  installed,
  'installed, and held': [...installed, { kind: 'hold', message: 'for a test' }],
  'installed, and armed again': [...installed, { kind: 'arm', arm: someArm() }],
  failed,
  looping: [...installing, { kind: 'loop_detected' }],
} satisfies Record<string, readonly LifeEvent[]>;
type Past = keyof typeof PAST;

const all = (status: number) => ({ ignition: status, generic: status, metadata: status });
const starts = { dhcp: 'boots', program: 'sent' } as const;

const rows: readonly (readonly [cause: string, query: string, unmatched: UnmatchedPolicy, catalog: 'good' | 'none' | 'broken', Plane, Past?, LocalBootMethod?])[] = [
  ['matched', 'mac=525400000001', 'fail', 'good', { ...starts, ipxe: '200 boot /k', grub: '200 boot /k', ...all(200) }],
  ['matched, without a record', 'mac=525400000009&rack=1', 'fail', 'good', { ...starts, ipxe: '200 boot /k', grub: '200 boot /k', ...all(200) }],
  ['disabled', 'mac=525400000002', 'wait', 'good', { dhcp: 'no boot file', program: 'withheld', ipxe: '200 local', grub: '200 local', ...all(403) }],
  ['disabled, and no catalog', 'mac=525400000002', 'wait', 'none', { dhcp: 'no boot file', program: 'withheld', ipxe: '200 local', grub: '200 local', ...all(403) }],
  ['not ready', 'mac=525400000001', 'local', 'none', { ...starts, ipxe: '503', grub: '503', ...all(503) }],
  ['problem', 'mac=525400000001', 'local', 'broken', { ...starts, ipxe: '503', grub: '503', ...all(503) }],
  ['held', 'mac=525400000001', 'local', 'good', { ...starts, ipxe: '200 wait', grub: '200 wait', ...all(503) }, 'held'],
  ['held, but nobody declares it', 'mac=525400000009', 'local', 'good', { ...starts, ipxe: '200 wait', grub: '200 wait', ...all(503) }, 'held'],
  ['held, and no catalog', 'mac=525400000001', 'local', 'none', { ...starts, ipxe: '200 wait', grub: '200 wait', ...all(503) }, 'held'],
  ['disabled and held', 'mac=525400000002', 'wait', 'good', { dhcp: 'no boot file', program: 'withheld', ipxe: '200 local', grub: '200 local', ...all(403) }, 'held'],
  ['retired', 'mac=525400000001', 'local', 'good', { dhcp: 'no boot file', program: 'withheld', ipxe: '200 fail', grub: '200 fail', ...all(403) }, 'retired'],
  ['retired and disabled', 'mac=525400000002', 'local', 'good', { dhcp: 'no boot file', program: 'withheld', ipxe: '200 fail', grub: '200 fail', ...all(403) }, 'retired'],
  ['rejected', 'mac=525400000009', 'local', 'good', { dhcp: 'no boot file', program: 'withheld', ipxe: '200 fail', grub: '200 fail', ...all(403) }, 'rejected'],
  ['not armed, boots from its disk', 'mac=525400000003', 'fail', 'good', { ...starts, ipxe: '200 local', grub: '200 local', ...all(503) }, 'nothing'],
  ['not armed, waits', 'mac=525400000004', 'fail', 'good', { ...starts, ipxe: '200 wait', grub: '200 wait', ...all(503) }, 'nothing'],
  ['not armed, and its configs are protected', 'mac=525400000005', 'fail', 'good', { ...starts, ipxe: '200 wait', grub: '200 wait', ...all(503) }, 'nothing'],
  ['not armed, and the group arms it', 'mac=525400000006', 'fail', 'good', { ...starts, ipxe: '200 boot /disk', grub: '200 boot /disk', ...all(200) }, 'nothing'],
  ['armed', 'mac=525400000003', 'fail', 'good', { ...starts, ipxe: '200 boot /disk', grub: '200 boot /disk', ...all(200) }, 'armed'],
  ['armed, but not any more', 'mac=525400000003', 'fail', 'good', { ...starts, ipxe: '200 local', grub: '200 local', ...all(503) }, 'armed, too long ago'],
  ['armed for rescue', 'mac=525400000003', 'fail', 'good', { ...starts, ipxe: '200 boot /rescue', grub: '200 boot /rescue', ...all(200) }, 'armed for rescue'],
  ['armed for rescue, and there is no such profile', 'mac=525400000004', 'fail', 'good', { ...starts, ipxe: '200 wait', grub: '200 wait', ...all(503) }, 'armed for rescue'],
  ['armed for reset, and there is no such profile', 'mac=525400000003', 'fail', 'good', { ...starts, ipxe: '200 wait', grub: '200 wait', ...all(503) }, 'armed for reset'],
  ['installing, and attempts are left', 'mac=525400000003', 'fail', 'good', { ...starts, ipxe: '200 boot /disk', grub: '200 boot /disk', ...all(200) }, 'installing'],
  ['installed', 'mac=525400000003', 'fail', 'good', { ...starts, ipxe: '200 local', grub: '200 local', ...all(503) }, 'installed'],
  ['installed, and its profile is broken', 'mac=525400000003', 'fail', 'broken', { ...starts, ipxe: '200 local', grub: '200 local', ...all(503) }, 'installed'],
  ['installed, and no catalog', 'mac=525400000003', 'fail', 'none', { ...starts, ipxe: '200 local', grub: '200 local', ...all(503) }, 'installed'],
  ['installed and held', 'mac=525400000003', 'fail', 'good', { ...starts, ipxe: '200 wait', grub: '200 wait', ...all(503) }, 'installed, and held'],
  ['installed and armed again', 'mac=525400000003', 'fail', 'good', { ...starts, ipxe: '200 boot /disk', grub: '200 boot /disk', ...all(200) }, 'installed, and armed again'],
  ['installed, armed again, and its profile is broken', 'mac=525400000003', 'fail', 'broken', { ...starts, ipxe: '503', grub: '503', ...all(503) }, 'installed, and armed again'],
  ['failed', 'mac=525400000003', 'fail', 'good', { ...starts, ipxe: '200 wait', grub: '200 wait', ...all(503) }, 'failed'],
  ['failed, on_failure: local', 'mac=525400000004', 'fail', 'good', { ...starts, ipxe: '200 local', grub: '200 local', ...all(503) }, 'failed'],
  ['in an install loop', 'mac=525400000003', 'fail', 'good', { ...starts, ipxe: '200 wait', grub: '200 wait', ...all(503) }, 'looping'],
  ['in an install loop, on_failure: local', 'mac=525400000004', 'fail', 'good', { ...starts, ipxe: '200 local', grub: '200 local', ...all(503) }, 'looping'],
  ['installed, and this model boots from its disk without a boot loader', 'mac=525400000003', 'fail', 'good', { dhcp: 'boots', program: 'withheld', ipxe: '200 local', grub: '200 local', ...all(503) }, 'installed', 'firmware'],
  ['armed again, on such a model', 'mac=525400000003', 'fail', 'good', { ...starts, ipxe: '200 boot /disk', grub: '200 boot /disk', ...all(200) }, 'installed, and armed again', 'firmware'],
  ['held, on such a model', 'mac=525400000003', 'fail', 'good', { ...starts, ipxe: '200 wait', grub: '200 wait', ...all(503) }, 'installed, and held', 'firmware'],
  ['unmatched: local, on such a model', 'mac=525400000009', 'local', 'good', { ...starts, ipxe: '200 local', grub: '200 local', ...all(503) }, 'nothing', 'firmware'],
  ['unmatched: wait', 'mac=525400000009', 'wait', 'good', { ...starts, ipxe: '200 wait', grub: '200 wait', ...all(503) }],
  ['unmatched: local', 'mac=525400000009', 'local', 'good', { ...starts, ipxe: '200 local', grub: '200 local', ...all(503) }],
  ['unmatched: fail', 'mac=525400000009', 'fail', 'good', { ...starts, ipxe: '200 fail', grub: '200 fail', ...all(403) }],
  ['unidentified: wait', 'rack=9', 'wait', 'good', { ...starts, ipxe: '200 wait', grub: '200 wait', ...all(404) }],
  ['unidentified: local', 'rack=9', 'local', 'good', { ...starts, ipxe: '200 local', grub: '200 local', ...all(404) }],
  ['unidentified: fail', 'rack=9', 'fail', 'good', { ...starts, ipxe: '200 fail', grub: '200 fail', ...all(404) }],
]; // prettier-ignore

/** The lives of machines if this has happened to the one with this network card. */
function livesAfter(past: Past, machines: MachineRegistry, mac: MacAddress) {
  const { machine } = machines.identify({ mac });
  const id = machine?.id ?? discoveredMachineId(mac);
  let life = newLife(id, machine !== undefined);
  for (const event of PAST[past]) {
    const advanced = advance(life, event, NOW_MS - 1);
    if (advanced.kind === 'invalid') throw new Error(advanced.reason);
    life = advanced.life;
  }
  const find = (other: string) => (other === id && PAST[past].length > 0 ? life : undefined);
  return {
    find,
    of: (other: string, declared: boolean) => find(other) ?? newLife(other, declared),
    inherit: () => false,
    nowMs: () => NOW_MS,
  };
}

const BOOT_PROGRAMS = { found: new Set(['snponly.efi']), byArchitecture: new Map(), requireOwnIpxe: false };

const cases = rows.map(([cause, query, unmatched, catalog, expected, past, learned]) => ({
  cause,
  query,
  unmatched,
  catalog,
  expected,
  past,
  learned,
}));

const NOTHING_LEARNED = { find: () => undefined };

test.each(cases)('$cause', async ({ catalog, expected, learned, past, query, unmatched }) => {
  const tree = catalogTree(FILES);
  const loaded = await loadCatalog(tree, AFTERWARDS);
  if (loaded.generation === undefined || loaded.problems.some(({ message }) => message !== NO_PROFILE))
    throw new Error(JSON.stringify(loaded.problems));
  const { generation } = loaded;
  writeCatalogFile(tree, 'snponly.efi', 'MZ');
  const machines = new MachineRegistry(() => 0);
  await machines.declareAll('files', loaded.machines, () => Promise.resolve());
  const labels = labelsFromQuery(new URLSearchParams(query));
  const mac = parseMac(labels.get('mac') ?? '');
  const lives = past === undefined || mac === undefined ? undefined : livesAfter(past, machines, mac);
  const decider = new BootDecider({
    generation: () => generationOf(generation, catalog),
    unmatched,
    ...(lives !== undefined && { lives }),
  });

  const localBoots = { find: () => learned };
  const plan = composeBootPlan(
    { decider, localBoots, bootPrograms: BOOT_PROGRAMS, originFor: () => 'http://h' },
    {
      client: { kind: 'pxe', arch: 7, raspberryPi: false, uBoot: false, userClasses: [] },
      ...(mac !== undefined && { mac }),
      identification: machines.identify(mac === undefined ? {} : { mac }),
      subnet: rackSubnet(),
      serverAddress: SERVER,
    },
  );
  const withhold = (address: string) =>
    withholdBoot(address, { clients: { findMac: () => mac }, decider, localBoots, machines });
  const programs = bootProgramContent(
    new Map([['snponly.efi', { file: `${tree}/snponly.efi` }]]),
    new HotFiles(),
    withhold,
  );
  const program = await programs.open({
    path: 'snponly.efi',
    clientAddress: ip('10.20.0.60'),
    localAddress: SERVER,
  });

  const answers = new BootAnswers({
    machines,
    decider,
    pollSeconds: 15,
    findLease: () => undefined,
    findDhcpLabels: () => undefined,
    localBoot: { send: () => 'exit', bootsElse: () => undefined },
    noteRequest: () => undefined,
  });
  const request = {
    method: 'GET',
    path: '/',
    rawQuery: query,
    labels,
    claims: claimsOfLabels(labels),
    remoteAddress: '10.20.0.60',
    origin: 'http://h',
    accept: undefined,
  };
  const ipxe = answers.ipxe(request);
  const grub = answers.grub(request);
  expect({
    dhcp: plan.boot === undefined ? 'no boot file' : 'boots',
    program: program.kind === 'refused' ? 'withheld' : 'sent',
    ipxe: `${ipxe.status}${ipxe.status === 200 ? ` ${/set next (\w+)/.exec(ipxe.body)?.[1] ?? booted(ipxe.body)}` : ''}`,
    grub: `${grub.status}${grub.status === 200 ? ` ${grubSays(grub.body)}` : ''}`,
    ignition: answers.ignition(request).status,
    generic: answers.generic(request).status,
    metadata: answers.metadata(request).status,
  }).toEqual(expected);
  expect(withhold('10.20.0.60') !== undefined).toBe(expected.program === 'withheld');
  // An answer for what is not ready has Retry-After, and every refusal has its reason.
  for (const answer of [ipxe, grub, answers.ignition(request)]) {
    expect(answer.headers?.['Retry-After']).toBe(answer.status === 503 ? '15' : undefined);
    if (answer.status !== 200)
      expect(answer.body).toMatch(
        /disabled|held|retired|no group|not armed|expired|installed|failed|rescue|reset|groups\/g\.yaml:2:1|no earlier copy is stored/,
      );
  }
});

test('a disabled machine keeps the options and the lease time of its record and its group', async () => {
  const loaded = await loadCatalog(catalogTree(FILES), AFTERWARDS);
  if (loaded.generation === undefined || loaded.problems.some(({ message }) => message !== NO_PROFILE))
    throw new Error(JSON.stringify(loaded.problems));
  const machines = new MachineRegistry(() => 0);
  await machines.declareAll('files', loaded.machines, () => Promise.resolve());
  const decider = new BootDecider({ generation: () => loaded.generation, unmatched: 'wait' });
  const mac = parseMac('52:54:00:00:00:02')!;
  const plan = composeBootPlan(
    { decider, localBoots: NOTHING_LEARNED, bootPrograms: BOOT_PROGRAMS, originFor: () => 'http://h' },
    {
      client: { kind: undefined, raspberryPi: false, uBoot: false, userClasses: [] },
      mac,
      identification: machines.identify({ mac }),
      subnet: rackSubnet(),
      serverAddress: SERVER,
    },
  );
  expect(plan).toEqual({
    reason: 'machine off is disabled',
    groupOptions: new Map([[26, Uint8Array.of(0x23, 0x28)]]),
    machineOptions: new Map([[6, Uint8Array.of(10, 20, 0, 99)]]),
    leaseSeconds: 7200,
  });
});

test('a machine that DHCP selects by its packet has the same group over HTTP, and a record comes first', async () => {
  const loaded = await loadCatalog(
    catalogTree({
      ...FILES,
      'groups/g.yaml': [
        'id: all\nprofile: p\nselector: {}\n',
        'id: uefi\nprofile: p\nselector: {firmware: uefi, vendor_class: {prefix: PXEClient}, network: rack}\ndhcp_options: [{code: 26, value: 9000}]\n',
      ].join('---\n'),
      'machines/m.yaml': 'id: declared\nmac: 02:00:00:00:00:02\nlabels: {firmware: own}\n',
    }),
    AFTERWARDS,
  );
  if (loaded.generation === undefined || loaded.problems.some(({ message }) => message !== NO_PROFILE))
    throw new Error(JSON.stringify(loaded.problems));
  const machines = new MachineIndex(loaded.machines);
  const decider = new BootDecider({ generation: () => loaded.generation, unmatched: 'wait' });
  const rig = new DhcpRig({
    machines: loaded.machines,
    plan: (query) =>
      composeBootPlan(
        { decider, localBoots: NOTHING_LEARNED, bootPrograms: BOOT_PROGRAMS, originFor: () => 'http://h' },
        query,
      ),
  });
  const groupsOf = (index: number, options: Record<number, string>) => {
    const mac = clientMac(index);
    const offer = replyOf(rig.send({ type: 1, mac, options: { ...options, 55: '1a' } }));
    const groups: (string | undefined)[] = [];
    const answers = new BootAnswers({
      machines,
      decider,
      pollSeconds: 15,
      findLease: () => undefined,
      findDhcpLabels: () => rig.engine.findLabels(mac, undefined, rig.now),
      localBoot: { send: () => 'exit', bootsElse: () => undefined },
      noteRequest: (_request, { resolution }) => groups.push(resolution.group?.id),
    });
    const request = {
      method: 'GET',
      path: '/',
      rawQuery: '',
      labels: new Map([['mac', mac]]),
      claims: { mac },
      remoteAddress: offer.message.yiaddr,
      origin: 'http://h',
      accept: undefined,
    };
    answers.ipxe(request);
    answers.ignition(request);
    return { dhcp: offer.message.options.has(26) ? 'uefi' : 'all', http: groups };
  };
  expect(groupsOf(1, IPXE_EFI)).toEqual({ dhcp: 'uefi', http: ['uefi', 'uefi'] });
  expect(groupsOf(1, { 60: hex('dhcpcd') })).toEqual({ dhcp: 'all', http: ['uefi', 'uefi'] });
  expect(groupsOf(2, IPXE_EFI)).toEqual({ dhcp: 'all', http: ['all', 'all'] });
  expect(groupsOf(3, BIOS_PXE)).toEqual({ dhcp: 'all', http: ['all', 'all'] });
});

/** The generation as it is, none, or one in which the machine's group has a problem. */
function generationOf(generation: Generation, catalog: 'good' | 'none' | 'broken'): Generation | undefined {
  if (catalog === 'good') return generation;
  if (catalog === 'none') return undefined;
  const resolve: Generation['resolve'] = (claimed, identification) => {
    const { match: _match, ...resolution } = generation.resolve(claimed, identification);
    return { ...resolution, problem: 'groups/g.yaml:2:1: broken' };
  };
  return Object.assign(Object.create(generation) as Generation, { resolve });
}

/** Which kernel a script loads. */
function booted(script: string): string {
  return `boot ${/^(?:kernel|linux) ["']?(\/\w+)/m.exec(script)?.[1]}`;
}

function grubSays(body: string): string {
  if (body.includes('menuentry')) return booted(body);
  if (body.includes('configfile "$config_file"')) return 'wait';
  return body.includes('booting from the local disk') ? 'local' : 'fail';
}
