import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { constants, copyFile } from 'node:fs/promises';
import path from 'node:path';
import type { MacAddress } from '../protocol/mac-address.ts';
import type { NetworkLab } from './network-lab.ts';
import { SerialConsole } from './serial-console.ts';

/**
 * How a machine boots from the network. `bios`: SeaBIOS and the iPXE in the network card's ROM. `uefi`: the PXE client
 * of OVMF, without an iPXE in the card. `uefi-http`: the same firmware's HTTP Boot.
 */
export const FIRMWARES = ['bios', 'uefi', 'uefi-http'] as const;

export type Firmware = (typeof FIRMWARES)[number];

/** What describes a virtual machine. */
export interface VirtualMachineOptions {
  readonly name: string;
  readonly mac: MacAddress;
  readonly firmware: Firmware;
  /** A raw image of the disk from which it boots if the network has nothing for it; none by default. */
  readonly disk?: string;
  /** Whether it starts again when its system restarts it; otherwise it is off then. */
  readonly restarts?: boolean;
  readonly memoryMegabytes: number;
  /** The namespace of its network interface `tap`. */
  readonly namespace: string;
  readonly tap: string;
  /** A folder for files of this machine: its firmware's variables are kept there from one start to the next. */
  readonly folder: string;
}

const OVMF_CODE = '/usr/share/OVMF/OVMF_CODE_4M.fd';
const OVMF_VARIABLES = '/usr/share/OVMF/OVMF_VARS_4M.fd';

/** A running QEMU process. It ends when the machine switches itself off, or by `stop`. */
export class VirtualMachine {
  readonly options: VirtualMachineOptions;
  readonly console: SerialConsole;
  /** Resolves when QEMU has ended. */
  readonly ended: Promise<void>;
  readonly #process: ChildProcessWithoutNullStreams;

  private constructor(options: VirtualMachineOptions, process: ChildProcessWithoutNullStreams) {
    this.options = options;
    this.#process = process;
    // QEMU's own errors are among the machine's lines, where they are noticed.
    this.console = new SerialConsole([process.stdout, process.stderr]);
    this.ended = new Promise((resolve) => process.once('close', () => resolve()));
  }

  /** Switches the machine on. */
  static async start(network: NetworkLab, options: VirtualMachineOptions): Promise<VirtualMachine> {
    const firmware = await firmwareArguments(options);
    const child = network.start(options.namespace, 'qemu-system-x86_64', [...hardware(options), ...firmware]);
    return new VirtualMachine(options, child);
  }

  /** Sends a line to its serial port, as if it were typed there. */
  type(line: string): void {
    this.#process.stdin.write(`${line}\n`);
  }

  /** Switches the machine off, without its system's knowledge. */
  async stop(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.ended;
  }
}

/**
 * A simple computer: one processor, one virtio network card, a serial port. Everything is emulated, so that it runs
 * anywhere.
 */
function hardware(options: VirtualMachineOptions): string[] {
  const { disk, firmware, mac, memoryMegabytes, name, restarts, tap } = options;
  const rom = firmware === 'bios' ? '' : ',romfile=';
  return [
    '-name', name,
    '-machine', 'q35,accel=tcg,graphics=off', '-cpu', 'max', '-m', `${memoryMegabytes}`,
    '-uuid', uuidFor(mac),
    '-smbios', `type=1,manufacturer=Railhead,product=Virtual rack,serial=LAB-${mac.replaceAll(':', '')}`,
    '-nodefaults', '-display', 'none', '-monitor', 'none', '-serial', 'stdio',
    ...(restarts === true ? [] : ['-no-reboot']),
    '-netdev', `tap,id=net0,ifname=${tap},script=no,downscript=no`,
    '-device', `virtio-net-pci,netdev=net0,mac=${mac},bootindex=1${rom}`,
    '-device', 'virtio-rng-pci',
    ...(disk === undefined ? [] : [
      '-drive', `if=none,id=disk0,format=raw,file=${disk}`, '-device', 'virtio-blk-pci,drive=disk0,bootindex=2',
    ]),
  ]; // prettier-ignore
}

async function firmwareArguments({ firmware, folder }: VirtualMachineOptions): Promise<string[]> {
  if (firmware === 'bios') return [];
  const variables = path.join(folder, 'uefi-variables.fd');
  await copyFile(OVMF_VARIABLES, variables, constants.COPYFILE_EXCL).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
  const flash = 'if=pflash,format=raw,unit';
  return [
    '-drive', `${flash}=0,readonly=on,file=${OVMF_CODE}`,
    '-drive', `${flash}=1,file=${variables}`,
    // The firmware tries PXE before HTTP, for a minute or more; without PXE it tries HTTP at once.
    ...(firmware === 'uefi-http' ? withoutPxe('IPv4', 'IPv6') : withoutPxe('IPv6')),
  ]; // prettier-ignore
}

function withoutPxe(...protocols: readonly string[]): string[] {
  return protocols.flatMap((protocol) => [
    '-fw_cfg',
    `name=opt/org.tianocore/${protocol}PXESupport,string=n`,
  ]);
}

/** A real machine's UUID never changes: here it is derived from the MAC address. */
function uuidFor(mac: MacAddress): string {
  return `7261696c-6865-4164-8000-${mac.replaceAll(':', '')}`;
}
