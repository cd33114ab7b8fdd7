import type { Config, Disk } from '../../ignition/config.ts';
import type { Entry } from '../../ignition/report.ts';
import type { BootDevice, BootDeviceLuks, BootDeviceMirror } from './boot-device.ts';
import { MESSAGES } from '../messages.ts';
import type { SourceContext } from '../source-context.ts';

/** First specification with the layouts of s390x and with cex. */
const S390X_MINOR = 5;
/** First specification in which a mirror requires a layout. */
const MIRROR_LAYOUT_MINOR = 6;
const COMMON_LAYOUTS = ['aarch64', 'ppc64le', 'x86_64'];

/** Rules of BootDevice (config/fcos/v1_*\/validate.go of coreos/butane). */
export function checkBootDevice(
  { layout, luks = {}, mirror = {} }: BootDevice,
  context: SourceContext,
): void {
  const mirrors = (mirror.devices?.length ?? 0) > 0;
  if (mirrors && layout === undefined) {
    if (context.minor >= MIRROR_LAYOUT_MINOR) context.error(MESSAGES.mirrorWithoutLayout, 'mirror');
    else context.warn(MESSAGES.mirrorWithoutLayout, 'mirror');
  }
  if (layout !== undefined) checkLayout(layout, luks, mirrors, context);
  if (luks.cex?.enabled === true) {
    if (layout === undefined) context.error(MESSAGES.cexNeedsS390x, 'luks', 'cex');
    else if (!layout.startsWith('s390x')) context.error(MESSAGES.cexNeedsS390x, 'layout');
    if ((luks.tang?.length ?? 0) > 0 || luks.tpm2 === true) context.error(MESSAGES.cexWithClevis, 'luks');
  }
  // Butane's code calls this rule here, and its walker calls it again.
  if (mirror.devices?.length === 1) context.error(MESSAGES.tooFewMirrorDevices, 'mirror', 'devices');
}

function checkLayout(layout: string, luks: BootDeviceLuks, mirrors: boolean, context: SourceContext): void {
  if (context.minor < S390X_MINOR) {
    if (!COMMON_LAYOUTS.includes(layout)) context.error(MESSAGES.unknownLayoutLegacy, 'layout');
    return;
  }
  if (layout === 's390x-eckd' || layout === 's390x-zfcp') {
    const device = layout === 's390x-eckd' ? /\/dev\/dasd[a-z]$/ : /\/dev\/sd[a-z]$/;
    if (!luks.device) context.error(MESSAGES.luksNoDevice, 'layout');
    else if (!device.test(luks.device)) context.error(MESSAGES.luksBadDevice, 'layout');
  } else if (layout !== 's390x-virt' && !COMMON_LAYOUTS.includes(layout)) {
    context.error(MESSAGES.unknownLayout, 'layout');
  }
  if (layout.startsWith('s390x') && mirrors) context.error(MESSAGES.mirrorNotSupported, 'layout');
}

/** Rules of BootDeviceLuks; the doubled `luks` in the path is Butane's. */
export function checkBootDeviceLuks(luks: BootDeviceLuks, context: SourceContext): void {
  if (context.minor < MIRROR_LAYOUT_MINOR || !luks.device) return;
  const hasTang = (luks.tang ?? []).some((tang) => Object.values(tang).some((value) => value !== ''));
  if (hasTang || luks.tpm2 === true || luks.cex?.enabled === true) return;
  context.error(MESSAGES.luksNoMethod, 'luks');
}

/** Rules of BootDeviceMirror. */
export function checkMirror({ devices = [] }: BootDeviceMirror, context: SourceContext): void {
  if (devices.length === 1) context.error(MESSAGES.tooFewMirrorDevices, 'devices');
}

const BOOT_DISK = '/dev/disk/by-id/coreos-boot-disk';

/** Warns of partitions that should be found by their label, which works only if the partition table is wiped. */
export function checkReuseByLabel(
  disks: readonly Disk[],
  mirrorDevices: readonly string[],
  context: SourceContext,
): void {
  const wiped = new Set(mirrorDevices).add(BOOT_DISK);
  for (const [disk, { device = '', wipeTable, partitions = [] }] of disks.entries()) {
    if (wipeTable === true || wiped.has(device)) continue;
    for (const [index, { number = 0, label }] of partitions.entries()) {
      if (BigInt(number) !== 0n || label === undefined) continue;
      context.warn(MESSAGES.reuseByLabel, 'storage', 'disks', disk, 'partitions', index, 'number');
    }
  }
}

/** Numbers of the partitions that have a fixed meaning on an existing Fedora CoreOS disk. */
const RESERVED_NUMBERS = new Map([
  ['BIOS-BOOT', 1n],
  ['PowerPC-PReP-boot', 1n],
  ['EFI-SYSTEM', 2n],
  ['boot', 3n],
  ['root', 4n],
]);
const SMALLEST_ROOT_MIB = 8192;

/**
 * Warns of partitions of the generated configuration that would harm Fedora CoreOS: reserved labels under another
 * number, and, if the specification has boot devices, a root partition that is too small or cannot grow.
 */
export function checkReservedPartitions(config: Config, checksRoot: boolean): Entry[] {
  const entries: Entry[] = [];
  for (const [disk, { partitions = [], wipeTable }] of (config.storage?.disks ?? []).entries()) {
    for (const [index, { label, number = 0, sizeMiB = 0 }] of partitions.entries()) {
      const warn = (message: string, field: string) => {
        const path = ['storage', 'disks', disk, 'partitions', index, field];
        entries.push({ kind: 'warning', path, message });
      };
      if (label === 'root' && checksRoot) {
        if (BigInt(sizeMiB) !== 0n) {
          if (sizeMiB < SMALLEST_ROOT_MIB) warn(MESSAGES.rootTooSmall, 'size_mib');
        } else if (partitions.some(({ startMiB = 0 }, other) => other !== index && BigInt(startMiB) === 0n)) {
          warn(MESSAGES.rootConstrained, 'label');
        }
      }
      const reservedNumber = wipeTable === true ? undefined : RESERVED_NUMBERS.get(label ?? '');
      if (reservedNumber !== undefined && BigInt(number) !== reservedNumber) {
        warn(MESSAGES.wrongPartitionNumber, 'label');
      }
    }
  }
  return entries;
}
