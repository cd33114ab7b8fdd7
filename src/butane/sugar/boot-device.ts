import type { Config, Disk, Filesystem, Luks, Partition, Raid, Tang } from '../../ignition/config.ts';
import type { SpecVersion } from '../../ignition/spec-version.ts';
import { mergeGenerated, Translations } from '../provenance.ts';
import type { Traced } from '../provenance.ts';

/** The `boot_device` section of fcos. */
export type BootDevice = { layout?: string; luks?: BootDeviceLuks; mirror?: BootDeviceMirror };

/** How the root filesystem is encrypted, and how it is unlocked. */
export type BootDeviceLuks = {
  cex?: { enabled?: boolean };
  discard?: boolean;
  device?: string;
  tang?: Tang[];
  threshold?: number;
  tpm2?: boolean;
};

/** The disks that the boot disk is mirrored to. */
export type BootDeviceMirror = { devices?: string[] };

// Partition types, and sizes in MiB, of the layouts of Fedora CoreOS (create_disk.sh of coreos-assembler).
const RESERVED = { sizeMiB: 1, typeGuid: '8DA63339-0007-60C0-C436-083AC8230908' };
const BIOS = { sizeMiB: 1, typeGuid: '21686148-6449-6E6F-744E-656564454649' };
const PREP = { sizeMiB: 4, typeGuid: '9E1A2D38-C612-4316-AA26-8B49521E5A8B' };
const ESP = { sizeMiB: 127, typeGuid: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B' };
const BOOT_SIZE_MIB = 384;

/**
 * Adds what `boot_device` expands to: the partitions, arrays and filesystems of a mirrored boot disk, and the
 * encryption of the root filesystem. The section must have passed validation.
 */
export function addBootDevice(device: BootDevice, user: Traced, spec: SpecVersion): Traced {
  const { layout, luks = {}, mirror: { devices = [] } = {} } = device;
  const wantsCex = luks.cex?.enabled === true;
  const wantsLuks = luks.tpm2 === true || (luks.tang?.length ?? 0) > 0 || wantsCex;
  const wantsMirror = devices.length > 0;
  if (!wantsLuks && !wantsMirror) return user;

  const storage = {
    disks: [] as Disk[],
    filesystems: [] as Filesystem[],
    luks: [] as Luks[],
    raid: [] as Raid[],
  };
  const provenance = new Translations();
  const addFilesystem = (filesystem: Filesystem, from: (string | number)[]) => {
    provenance.addWhole(from, ['storage', 'filesystems', storage.filesystems.length]);
    storage.filesystems.push({ ...filesystem, wipeFilesystem: true });
  };

  if (wantsMirror) {
    for (const [index, path] of devices.entries()) {
      const number = index + 1;
      const from = ['boot_device', 'mirror', 'devices', index];
      storage.disks.push({ device: path, partitions: mirrorPartitions(layout, number), wipeTable: true });
      provenance.addWhole(from, ['storage', 'disks', index]);
      if (hasEsp(layout)) {
        const label = `esp-${number}`;
        addFilesystem({ device: `/dev/disk/by-partlabel/${label}`, format: 'vfat', label }, from);
      }
    }
    provenance.add(['boot_device', 'mirror', 'devices'], ['storage', 'disks']);
    const members = (label: string) =>
      devices.map((_, index) => `/dev/disk/by-partlabel/${label}-${index + 1}`);
    // The superblock of the boot array is at the end, so that a BIOS sees plain filesystems.
    storage.raid.push(
      { devices: members('boot'), level: 'raid1', name: 'md-boot', options: ['--metadata=1.0'] },
      { devices: members('root'), level: 'raid1', name: 'md-root' },
    );
    provenance.addWhole(['boot_device', 'mirror'], ['storage', 'raid']);
    addFilesystem({ device: '/dev/md/md-boot', format: 'ext4', label: 'boot' }, ['boot_device', 'mirror']);
  }

  if (wantsLuks) {
    storage.luks.push({
      ...(wantsCex ? { cex: { enabled: true } } : { clevis: clevisOf(luks) }),
      device: luksDevice(layout, luks, wantsMirror),
      ...(luks.discard === undefined ? {} : { discard: luks.discard }),
      label: 'luks-root',
      name: 'root',
      wipeVolume: true,
    });
    traceLuks(provenance);
  }

  const root = wantsLuks ? '/dev/mapper/root' : '/dev/md/md-root';
  addFilesystem({ device: root, format: 'xfs', label: 'root' }, ['boot_device']);
  provenance.add(['boot_device'], ['storage', 'filesystems']);
  provenance.add(['boot_device'], ['storage']);
  const config: Config = { storage };
  return mergeGenerated({ config, provenance }, user, spec);
}

function hasEsp(layout: string | undefined): boolean {
  return layout === undefined || layout === 'x86_64' || layout === 'aarch64';
}

function mirrorPartitions(layout: string | undefined, number: number): Partition[] {
  const isX86 = layout === undefined || layout === 'x86_64';
  const reservedPartition = { label: `reserved-${number}`, ...RESERVED };
  const first = isX86
    ? { label: `bios-${number}`, ...BIOS }
    : layout === 'ppc64le'
      ? { label: `prep-${number}`, ...PREP }
      : reservedPartition;
  const second = hasEsp(layout) ? { label: `esp-${number}`, ...ESP } : reservedPartition;
  return [first, second, { label: `boot-${number}`, sizeMiB: BOOT_SIZE_MIB }, { label: `root-${number}` }];
}

function clevisOf({ tang, threshold, tpm2 }: BootDeviceLuks) {
  return {
    ...(tang === undefined ? {} : { tang }),
    ...(threshold === undefined ? {} : { threshold }),
    ...(tpm2 === undefined ? {} : { tpm2 }),
  };
}

/** On s390x the root partition has a fixed number on the given device. */
function luksDevice(
  layout: string | undefined,
  { device = '' }: BootDeviceLuks,
  wantsMirror: boolean,
): string {
  if (layout === 's390x-eckd') return `${device}2`;
  if (layout === 's390x-zfcp') return `${device}4`;
  return wantsMirror ? '/dev/md/md-root' : '/dev/disk/by-partlabel/root';
}

function traceLuks(provenance: Translations): void {
  const from = ['boot_device', 'luks'];
  const to = ['storage', 'luks', 0];
  provenance.addParallel(from, [...to, 'cex']);
  provenance.addParallel(from, [...to, 'clevis']);
  provenance.add([...from, 'discard'], [...to, 'discard']);
  for (const field of ['device', 'label', 'name', 'wipeVolume']) provenance.add(from, [...to, field]);
  provenance.add(from, to);
  provenance.add(from, ['storage', 'luks']);
}
