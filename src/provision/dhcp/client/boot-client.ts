import {
  findClientArchitecture,
  readClientArchitecture,
  readVendorClassArchitecture,
} from '../../../protocol/dhcp/client-architecture.ts';
import { type IpxeOptions, readIpxeOptions } from '../../../protocol/dhcp/ipxe-options.ts';
import type { DhcpMessage } from '../../../protocol/dhcp/message.ts';
import { OptionCode } from '../../../protocol/dhcp/option-codes.ts';
import { readText } from '../../../protocol/dhcp/read-option.ts';
import { readUserClasses } from '../../../protocol/dhcp/user-class.ts';
import { isIdentifyingUuid, type MachineUuid, uuidFromWire } from '../../../protocol/machine-uuid.ts';

/** An iPXE, according to its own options. */
export interface IpxeClient {
  /** Undefined where the build does not list its features; it is then assumed to have all. */
  readonly features?: ReadonlySet<number>;
  readonly version?: string;
  /** Whether it is our build, which has an embedded script and needs no further chaining. */
  readonly ours: boolean;
}

/** The kind of client that sent a request, as far as it matters for booting. */
export interface BootClient {
  /** How it boots from the network; undefined for a client that does not, such as an installed system. */
  readonly kind: 'pxe' | 'http' | undefined;
  /** Code of the processor architecture (option 93); undefined if it is not sent. */
  readonly arch?: number;
  readonly ipxe?: IpxeClient;
  readonly raspberryPi: boolean;
  /** A U-Boot that uses plain DHCP: it is not a PXE client, and reads siaddr and file from the header. */
  readonly uBoot: boolean;
  /** Option 97, unless it is a placeholder. */
  readonly uuid?: MachineUuid;
  readonly userClasses: readonly string[];
  /** Option 60. */
  readonly vendorClass?: string;
}

/** The beginning of the user class of our own iPXE builds; the version follows. */
export const OWN_USER_CLASS_PREFIX = 'railhead/';

const IPXE_USER_CLASS = 'iPXE';
const VENDOR_CLASS_PXE = 'PXEClient';
const VENDOR_CLASS_HTTP = 'HTTPClient';
const MACHINE_IDENTIFIER_SIZE = 17;

// The OUIs listed in tinkerbell's smee, and those of later boards (ltsp/ltsp#940, raspberrypi/piserver#169).
const RASPBERRY_PI_OUIS: ReadonlySet<number> = new Set([
  ...[0xb827eb, 0xdca632, 0xe45f01, 0x28cdc1, 0xd83add, 0x2ccf67],
  ...[0x3a3541, 0x88a29e],
]);
/** The beginning of option 97 of a Raspberry Pi after its type byte: "RPi" and the digit of the model. */
const RASPBERRY_PI_MARK = [0x52, 0x50, 0x69];

const ARCH_RPIBOOT = 41;

/** U-Boot's own vendor class, CONFIG_BOOTP_VCI_STRING, and the architectures that it stands for. */
const U_BOOT_CLASS = /^u-boot(?:\.([a-z0-9]+))?/i;
const U_BOOT_ARCHITECTURES: Readonly<Record<string, number>> = { arm: 21, armv7: 21, armv8: 22 };

const NOT_BOOTING: BootClient = { kind: undefined, raspberryPi: false, uBoot: false, userClasses: [] };

/**
 * Tells what kind of client sends a request, from this packet alone and never from earlier ones, since a client that
 * chainloads changes between two packets (RFC 4578, RFC 3004; option 175 as iPXE sends it).
 */
export function classifyClient(message: DhcpMessage): BootClient {
  const { options } = message;
  const uuid = readUuid(options.get(OptionCode.machineIdentifier));
  const vendorClass = options.has(OptionCode.vendorClass)
    ? readText(options, OptionCode.vendorClass)
    : undefined;
  const userClassBytes = options.get(OptionCode.userClass);
  const ipxeBytes = options.get(OptionCode.ipxe);
  // The boot ROM of a Raspberry Pi sends "x86 BIOS". EEPROMs since 2020 can be recognised by option 97, older ones only
  // by the maker of the card. A Pi sends the class PXEClient only in its DHCPDISCOVER (raspberrypi/rpi-eeprom#82); a
  // system that runs there sends no option 93.
  const isPi = hasRaspberryPiMark(message) || hasRaspberryPiCard(message);
  const pi = isPi && isX86Bios(options.get(OptionCode.clientArchitecture));
  const says = [vendorClass, userClassBytes, ipxeBytes, options.get(OptionCode.clientArchitecture)];
  if (says.every((one) => one === undefined)) {
    return uuid === undefined ? NOT_BOOTING : { ...NOT_BOOTING, uuid };
  }
  const userClasses =
    userClassBytes === undefined ? NOT_BOOTING.userClasses : readUserClasses(userClassBytes);
  // Mellanox FlexBoot is an iPXE without the user class: it can be recognised only by option 175.
  const ipxe = findIpxe(userClasses, ipxeBytes === undefined ? undefined : readIpxeOptions(ipxeBytes));
  const kind = vendorClass?.startsWith(VENDOR_CLASS_HTTP)
    ? 'http'
    : vendorClass?.startsWith(VENDOR_CLASS_PXE) || ipxe !== undefined || pi
      ? 'pxe'
      : undefined;
  const arch = readArch(options.get(OptionCode.clientArchitecture), vendorClass);
  const uBoot =
    kind === undefined &&
    (U_BOOT_CLASS.test(vendorClass ?? '') ||
      (arch !== undefined && findClientArchitecture(arch)?.firmware === 'u-boot'));
  return {
    kind,
    ...(arch !== undefined && { arch }),
    ...(ipxe !== undefined && { ipxe }),
    raspberryPi:
      kind === 'pxe' && ipxe === undefined && (arch === ARCH_RPIBOOT || (isPi && (arch ?? 0) === 0)),
    uBoot,
    ...(uuid !== undefined && { uuid }),
    userClasses,
    ...(vendorClass !== undefined && { vendorClass }),
  };
}

/** Whether a client is about to load a boot file: firmware and boot loaders, not an installed system. */
export function isBooting({ kind, uBoot }: BootClient): boolean {
  return kind !== undefined || uBoot;
}

/** A description for people: `UEFI PXE, x64 UEFI (7)`. */
export function describeClient(client: BootClient): string {
  if (client.kind === undefined && !client.uBoot) return 'not a boot client';
  const arch = client.arch === undefined ? undefined : findClientArchitecture(client.arch);
  const what =
    client.ipxe !== undefined
      ? 'iPXE'
      : client.raspberryPi
        ? 'Raspberry Pi'
        : (client.kind?.toUpperCase() ?? 'U-Boot');
  return `${what}, ${arch?.name ?? 'unknown architecture'}${client.arch === undefined ? '' : ` (${client.arch})`}`;
}

/** The stage of its boot that a client is in, which determines what it loads next. */
export function bootStage(client: BootClient): string {
  if (client.ipxe !== undefined) return client.ipxe.ours ? 'own ipxe' : 'ipxe';
  return client.kind === 'http' ? 'http firmware' : 'firmware';
}

function findIpxe(userClasses: readonly string[], options: IpxeOptions | undefined): IpxeClient | undefined {
  const ours = userClasses.some((name) => name.startsWith(OWN_USER_CLASS_PREFIX));
  if (!ours && options === undefined && !userClasses.includes(IPXE_USER_CLASS)) return undefined;
  return {
    ...(options !== undefined && options.features.size > 0 && { features: options.features }),
    ...(options?.version !== undefined && { version: options.version }),
    ours,
  };
}

function readArch(option: Uint8Array | undefined, vendorClass: string | undefined): number | undefined {
  const listed = option === undefined ? undefined : readClientArchitecture(option);
  if (listed !== undefined || vendorClass === undefined) return listed;
  const uBoot = U_BOOT_CLASS.exec(vendorClass)?.[1]?.toLowerCase();
  return (
    readVendorClassArchitecture(vendorClass) ??
    (uBoot === undefined ? undefined : U_BOOT_ARCHITECTURES[uBoot])
  );
}

function readUuid(option: Uint8Array | undefined): MachineUuid | undefined {
  // RFC 4578 section 2.3: type 0, then the UUID. Some ROMs send none; a malformed one is ignored.
  if (option?.length !== MACHINE_IDENTIFIER_SIZE || option[0] !== 0) return undefined;
  const uuid = uuidFromWire(option.subarray(1));
  return isIdentifyingUuid(uuid) ? uuid : undefined;
}

function isX86Bios(option: Uint8Array | undefined): boolean {
  return option !== undefined && readClientArchitecture(option) === 0;
}

/** `RPi4`, `RPi5` and so on in the first four bytes of the identifier (setting DHCP_OPTION97 of the EEPROM). */
function hasRaspberryPiMark({ options }: DhcpMessage): boolean {
  const identifier = options.get(OptionCode.machineIdentifier);
  if (identifier?.length !== MACHINE_IDENTIFIER_SIZE) return false;
  const model = identifier[1 + RASPBERRY_PI_MARK.length] ?? 0;
  return (
    RASPBERRY_PI_MARK.every((byte, index) => identifier[1 + index] === byte) && model >= 0x30 && model <= 0x39
  );
}

function hasRaspberryPiCard({ htype, chaddr }: DhcpMessage): boolean {
  const oui = ((chaddr[0] ?? 0) << 16) | ((chaddr[1] ?? 0) << 8) | (chaddr[2] ?? 0);
  return htype === 1 && RASPBERRY_PI_OUIS.has(oui);
}
