import type { Disk, Filesystem, Int, Partition, Raid } from './config.ts';
import { byteLength, findPathFault } from './path-rules.ts';
import type { ValidationContext } from './validation-context.ts';

/** Rules of Disk: those that concern all its partitions. */
export function checkDisk({ device = '', partitions = [] }: Disk, context: ValidationContext): void {
  if (device === '') {
    context.error('disk device is required', 'device');
    return;
  }
  context.error(findPathFault(device), 'device');
  const sameNumber = findSecond(partitions, ({ number = 0 }) => (isZero(number) ? undefined : `${number}`));
  if (sameNumber >= 0) context.error('partition numbers collide', 'partitions', sameNumber);
  const overlapping = findOverlap(partitions);
  if (overlapping >= 0) context.error('partitions overlap', 'partitions', overlapping);
  if (context.options.ignition === '2.26' && mixesDeletionAndNumbering(partitions)) {
    context.error(
      'shouldExist is false for a partition and other partition(s) has start or size 0',
      'partitions',
    );
  }
  const sameLabel = findSecond(partitions, ({ label }) => label);
  if (sameLabel >= 0) context.error('cannot use the same partition label twice', 'partitions', sameLabel);
}

function isZero(value: Int): boolean {
  return value === 0 || value === 0n;
}

/** Index of the first partition whose key an earlier one has, or -1; partitions without a key are ignored. */
function findSecond(
  partitions: readonly Partition[],
  keyOf: (partition: Partition) => string | undefined,
): number {
  const seen = new Set<string>();
  return partitions.findIndex((partition) => {
    const key = keyOf(partition);
    if (key === undefined) return false;
    if (seen.has(key)) return true;
    seen.add(key);
    return false;
  });
}

interface Extent {
  readonly index: number;
  readonly start: number;
  /**
   * The last MiB of the partition; a size of 0 uses all remaining space, and the partition counts as if it ended where
   * it starts.
   */
  readonly end: number;
}

/** Up to this number of partitions every pair is compared, as Ignition does; a GPT has 128 by default. */
const COMPARED_IN_PAIRS_MAX = 512;

/**
 * Index of the partition that Ignition reports as overlapping, or -1: for the first partition that overlaps another,
 * the first one that it overlaps.
 */
function findOverlap(partitions: readonly Partition[]): number {
  const extents: Extent[] = [];
  for (const [index, { startMiB, sizeMiB }] of partitions.entries()) {
    if (startMiB === undefined || sizeMiB === undefined || isZero(startMiB)) continue;
    const start = Number(startMiB);
    extents.push({ index, start, end: isZero(sizeMiB) ? start : start + Number(sizeMiB) - 1 });
  }
  const candidates = extents.length <= COMPARED_IN_PAIRS_MAX ? extents : findOverlapping(extents);
  for (const extent of candidates) {
    const other = extents.find((each) => each !== extent && overlaps(extent, each));
    if (other) return other.index;
  }
  return -1;
}

/** Ignition does not refuse negative sizes, and for those this differs from an intersection. */
function overlaps(a: Extent, b: Extent): boolean {
  const startsInside = a.start >= b.start && a.start <= b.end;
  const endsInside = a.end >= b.start && a.end <= b.end;
  return startsInside || endsInside || (a.start < b.start && a.end > b.end);
}

/** The extents that overlap another, in order, without comparing every pair; negative sizes are ignored. */
function findOverlapping(extents: readonly Extent[]): Extent[] {
  const sorted = extents.filter(({ start, end }) => start <= end).sort((a, b) => a.start - b.start);
  const overlapping = new Set<Extent>();
  let furthest: Extent | undefined;
  for (const extent of sorted) {
    if (furthest && extent.start <= furthest.end) overlapping.add(extent).add(furthest);
    if (!furthest || extent.end > furthest.end) furthest = extent;
  }
  return extents.filter((extent) => overlapping.has(extent));
}

function mixesDeletionAndNumbering(partitions: readonly Partition[]): boolean {
  return (
    partitions.some(({ shouldExist }) => shouldExist === false) &&
    partitions.some(({ number = 0 }) => isZero(number))
  );
}

const GUID_PATTERN = /^(?:|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/i;
const GUID_FAULT = 'doesn\'t match the form "01234567-89AB-CDEF-EDCB-A98765432101"';

/** Rules of Partition. */
export function checkPartition(partition: Partition, context: ValidationContext): void {
  const { label, guid = '', typeGuid = '', startMiB, sizeMiB, number = 0 } = partition;
  const described =
    label !== undefined || guid !== '' || typeGuid !== '' || startMiB !== undefined || sizeMiB !== undefined;
  if (partition.shouldExist === false && described) {
    context.error('shouldExist specified false with other options also specified');
  }
  if (isZero(number) && label === undefined) {
    context.error('a partition number >= 1 or a label must be specified');
  }
  if (label !== undefined && byteLength(label) > 36) {
    context.error('partition labels may not exceed 36 characters', 'label');
  } else if (label?.includes(':')) {
    // sgdisk ends the label at a colon.
    context.error('partition label will be truncated to text before the colon', 'label');
  }
  if (!GUID_PATTERN.test(guid)) context.error(GUID_FAULT, 'guid');
  if (!GUID_PATTERN.test(typeGuid)) context.error(GUID_FAULT, 'typeGuid');
}

/** Longest label in bytes, by format. */
const LABEL_MAX: Readonly<Record<string, number>> = { ext4: 16, btrfs: 256, xfs: 12, swap: 15, vfat: 11 };

function isKnownFormat(format: string, { minor }: ValidationContext): boolean {
  return format === 'none' ? minor >= 3 : Object.hasOwn(LABEL_MAX, format);
}

/** A virtiofs is shared by the hypervisor: it has a tag instead of a device, and no filesystem can be created on it. */
function isVirtiofs(format: string, { minor, options }: ValidationContext): boolean {
  return format === 'virtiofs' && minor >= 7 && options.ignition !== '2.26';
}

/** Rules of Filesystem. */
export function checkFilesystem(filesystem: Filesystem, context: ValidationContext): void {
  const { device = '', format = '', label = '', path = '', uuid = '' } = filesystem;
  const { options = [], mountOptions = [], wipeFilesystem = false } = filesystem;
  const virtiofs = isVirtiofs(format, context);
  if (path !== '') context.error(findPathFault(path), 'path');
  context.error(virtiofs ? findTagFault(device) : findPathFault(device), 'device');
  const isDescribed = path !== '' || label !== '' || uuid !== '' || wipeFilesystem;
  if (format === '') {
    if (isDescribed || options.length > 0 || mountOptions.length > 0) {
      context.error(
        'format cannot be empty when path, label, uuid, wipeFilesystem, options, or mountOptions is specified',
        'format',
      );
    }
  } else if (!virtiofs && !isKnownFormat(format, context)) {
    context.error('invalid filesystem format', 'format');
  }
  if (label !== '') context.error(findLabelFault(format, label, virtiofs), 'label');
  if (!virtiofs) return;
  if (uuid !== '') context.error('UUID is not supported for this filesystem format', 'uuid');
  if (wipeFilesystem) {
    context.error('wipeFilesystem is not supported for this filesystem format', 'wipeFilesystem');
  }
  if (options.length > 0) context.error('options are not supported for this filesystem format', 'options');
}

function findLabelFault(format: string, label: string, virtiofs: boolean): string | undefined {
  if (format === '') return 'filesystem must specify format if label is specified';
  if (virtiofs) return 'virtiofs filesystems cannot have a label';
  const max = Object.hasOwn(LABEL_MAX, format) ? LABEL_MAX[format] : undefined;
  if (max === undefined || byteLength(label) <= max) return undefined;
  return `filesystem labels cannot be longer than ${max} characters when using ${format}`;
}

/** A virtiofs device is a tag of at most 36 bytes, not a path. */
function findTagFault(tag: string): string | undefined {
  if (tag === '') return 'device is required';
  return byteLength(tag) > 36 ? 'virtiofs device tags cannot be longer than 36 characters' : undefined;
}

const LEVELS_WITHOUT_SPARES = ['linear', 'raid0', '0', 'stripe'];
const LEVELS_WITH_SPARES = [
  ...['raid1', '1', 'mirror', 'raid4', '4', 'raid5', '5'],
  ...['raid6', '6', 'raid10', '10'],
];

/** Rules of Raid. */
export function checkRaid({ level, devices = [], spares = 0 }: Raid, context: ValidationContext): void {
  context.error(findLevelFault(level ?? '', spares, context.minor), 'level');
  if (devices.length === 0) context.error('raid devices required', 'devices');
}

function findLevelFault(level: string, spares: Int, minor: number): string | undefined {
  if (level === '' && minor >= 3) return 'raid level is required';
  if (LEVELS_WITH_SPARES.includes(level)) return undefined;
  if (!LEVELS_WITHOUT_SPARES.includes(level)) return 'unrecognized raid level';
  return isZero(spares) ? undefined : 'spares unsupported for linear and raid0 arrays';
}

/** Rules of Device, an item of raid.devices. */
export function checkDevice(device: string, context: ValidationContext): void {
  context.error(findPathFault(device));
}
