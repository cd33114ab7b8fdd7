import { missingPackages, RACK_REQUIREMENTS, type Requirement } from '../../src/lab/debian-packages.ts';
import { canMakeNamespaces } from '../../src/lab/network-lab.ts';
import type { RackMachine } from '../../src/lab/rack.ts';
import type { RailheadProcess } from '../../src/lab/railhead-process.ts';
import type { Firmware, VirtualMachine } from '../../src/lab/virtual-machine.ts';
import { parseMac } from '../../src/protocol/mac-address.ts';

// Whole boots with real parts: firmware, iPXE, a Debian kernel and Ignition, in software emulation.

/** From power-on to the end; a boot takes some 15 s here, and several times that on a busy host. */
export const BOOT_TIMEOUT_MS = 180_000;

const REQUIREMENTS = [
  ...RACK_REQUIREMENTS,
  { file: '/usr/sbin/dnsmasq', package: 'dnsmasq-base' },
  { file: '/usr/sbin/dhcrelay', package: 'isc-dhcp-relay' },
  { file: '/usr/bin/tcpdump', package: 'tcpdump' },
  { file: '/usr/bin/tshark', package: 'tshark' },
  { file: '/usr/sbin/udhcpc', package: 'udhcpc' },
];

/** The steps of a boot that begins with iPXE. */
export const FROM_IPXE = ['http.boot_script', 'ipxe.sent', 'http.asset', 'ignition.sent', 'machine.report'];

/** Rejects, with what to do about it, if machines cannot be booted. */
export async function requireRackParts(): Promise<void> {
  if (!canMakeNamespaces) throw new Error('these tests make network namespaces, which only root may');
  await requirePackages(REQUIREMENTS);
}

/** Rejects with the names of the packages that are missing. */
export async function requirePackages(requirements: readonly Requirement[]): Promise<void> {
  const missing = await missingPackages(requirements);
  if (missing.length > 0) throw new Error(`these tests need Debian packages: ${missing.join(' ')}`);
}

/** A machine whose MAC address ends with the number in its name. */
export function machine(name: string, firmware: Firmware): RackMachine {
  const number = name.replace(/\D/g, '').padStart(2, '0');
  return { name, firmware, mac: parseMac(`52:54:00:77:00:${number}`)! };
}

/**
 * What the machine's own system reports after Ignition: its host name. Rejects with its console if it does not get that
 * far.
 */
export async function hostnameOf(
  booted: VirtualMachine,
  timeoutMs = BOOT_TIMEOUT_MS,
): Promise<string | undefined> {
  const [, hostname] = await booted.console.waitForLine(/railhead-lab: hostname: (\S+)/, timeoutMs);
  await booted.ended;
  return hostname;
}

/** What else Ignition wrote: the role of its group. For a machine whose host name is known. */
export async function roleOf(booted: VirtualMachine): Promise<string | undefined> {
  return (await booted.console.waitForLine(/content of \/etc\/role: (\S+)/, 1_000))[1];
}

/** The address that the machine's own system got, with the prefix length. For a machine whose host name is known. */
export async function addressOf(booted: VirtualMachine): Promise<string | undefined> {
  return (await booted.console.waitForLine(/railhead-lab: address: (\S+)/, 1_000))[1];
}

/** The kinds of a machine's events up to its report, each once, in the order of first occurrence. */
export async function stepsOf(railhead: RailheadProcess, { mac }: RackMachine): Promise<string[]> {
  await railhead.waitForEvent(
    'of the report',
    (event) => event.kind === 'machine.report' && event.mac === mac,
    10_000,
  );
  const events = await railhead.eventsAfter(0);
  return [...new Set(events.filter((event) => event.mac === mac).map((event) => event.kind))];
}
