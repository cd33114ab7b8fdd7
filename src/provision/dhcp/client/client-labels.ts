import {
  type ClientArchitecture,
  findClientArchitecture,
  type InstructionSet,
} from '../../../protocol/dhcp/client-architecture.ts';
import { DHCP_LABELS, type DhcpLabel, normaliseLabel } from '../../selection/labels.ts';
import type { BootClient } from './boot-client.ts';

/** What a DHCP request says about its client besides MAC address and UUID. */
export interface ClientFacts {
  readonly client: BootClient;
  /** Option 12 as the client sent it. */
  readonly hostName?: string | undefined;
  /** Sub-options 1 and 2 of option 82 in hex, which relays and switches add. */
  readonly circuitId?: string | undefined;
  readonly remoteId?: string | undefined;
  /** Id of the client's network. */
  readonly network?: string | undefined;
}

/** Instruction sets with the names of iPXE's `${buildarch}`, so that a machine has the same `arch` in DHCP and HTTP. */
const ARCH: Readonly<Partial<Record<InstructionSet, string>>> = {
  'x86-bios': 'i386',
  ia32: 'i386',
  'x86-64': 'x86_64',
  arm32: 'arm32',
  arm64: 'arm64',
  riscv32: 'riscv32',
  riscv64: 'riscv64',
  loongarch64: 'loong64',
};

const FIRMWARE: Readonly<Partial<Record<ClientArchitecture['firmware'], string>>> = {
  bios: 'bios',
  uefi: 'uefi',
  'u-boot': 'u-boot',
};

const RASPBERRY_PI = 'raspberry-pi';

/** Labels that can only have a few values in DHCP, with these values. */
export const CLOSED_LABELS: ReadonlyMap<string, readonly string[]> = new Map([
  ['arch', [...new Set(Object.values(ARCH))]],
  ['firmware', [...Object.values(FIRMWARE), RASPBERRY_PI]],
  ['boot_client', ['pxe', 'http', 'ipxe', 'u-boot']],
]);

const READ: Readonly<Record<DhcpLabel, (facts: ClientFacts) => string | undefined>> = {
  vendor_class: ({ client }) => client.vendorClass,
  user_class: ({ client }) => client.userClasses.join(','),
  client_arch: ({ client }) => (client.arch === undefined ? undefined : String(client.arch)),
  arch: ({ client }) => archOf(client),
  firmware: ({ client }) => firmwareOf(client),
  boot_client: ({ client }) =>
    client.ipxe !== undefined ? 'ipxe' : (client.kind ?? (client.uBoot ? 'u-boot' : undefined)),
  hostname: ({ hostName }) => hostName,
  circuit_id: ({ circuitId }) => circuitId,
  remote_id: ({ remoteId }) => remoteId,
  network: ({ network }) => network,
};

/** Adds to `labels` those facts that `wanted` names; a fact without a value is not added. */
export function addClientLabels(
  labels: Map<string, string>,
  facts: ClientFacts,
  wanted: Pick<ReadonlySet<string>, 'has'>,
): void {
  for (const label of DHCP_LABELS) {
    if (!wanted.has(label)) continue;
    const raw = READ[label](facts);
    const value = raw === undefined || raw === '' ? undefined : normaliseLabel(label, raw);
    if (value !== undefined) labels.set(label, value);
  }
}

function archOf({ arch, raspberryPi }: BootClient): string | undefined {
  // The ROM of a Raspberry Pi sends "x86 BIOS".
  if (raspberryPi) return 'arm64';
  const row = arch === undefined ? undefined : findClientArchitecture(arch);
  return row && ARCH[row.instructionSet];
}

function firmwareOf({ arch, kind, raspberryPi, uBoot }: BootClient): string | undefined {
  if (raspberryPi) return RASPBERRY_PI;
  if (uBoot) return 'u-boot';
  // PXE firmware that sends no architecture is treated as x86 BIOS, as for its boot program.
  if (arch === undefined) return kind === 'pxe' ? 'bios' : undefined;
  const row = findClientArchitecture(arch);
  return row && FIRMWARE[row.firmware];
}
