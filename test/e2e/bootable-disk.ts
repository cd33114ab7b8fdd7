import { execFile } from 'node:child_process';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Requirement } from '../../src/lab/debian-packages.ts';
import type { TestOs } from '../../src/lab/test-os.ts';

const run = promisify(execFile);

/** What `writeBootableDisk` needs. */
export const DISK_REQUIREMENTS: readonly Requirement[] = [
  { file: '/usr/bin/grub-mkimage', package: 'grub-common' },
  { file: '/usr/lib/grub/i386-pc/boot.img', package: 'grub-pc-bin' },
  { file: '/usr/lib/grub/x86_64-efi/linux.mod', package: 'grub-efi-amd64-bin' },
  { file: '/usr/bin/mformat', package: 'mtools' },
];

const SECTOR = 512;
const MEBIBYTE = 1 << 20;
const PARTITION_START = MEBIBYTE / SECTOR;
/** Enough for the kernel and the initramfs of the test OS. */
const PARTITION_SECTORS = (24 * MEBIBYTE) / SECTOR;
/** GRUB reads file systems with small clusters slowly. */
const CLUSTER_SECTORS = 64;
/** The type of an EFI system partition in an MBR (UEFI 2.10 section 5.2.2). */
const EFI_SYSTEM_PARTITION = 0xef;
/** Some BIOSes boot only from a disk with an active partition. */
const ACTIVE = 0x80;
const MODULES = ['part_msdos', 'fat', 'linux', 'boot'];

/** What GRUB does on this disk: it boots the test OS as an installed system. */
const COMMANDS = `linux ($root)/vmlinuz console=ttyS0 quiet no_timer_check railhead.from=disk
initrd ($root)/initrd.img
boot
`;

/**
 * Writes the image of a disk with the test OS on it, as an installer leaves it: BIOS boots GRUB from the MBR and the
 * sectors behind it, UEFI boots it from the EFI system partition. Sector 1024 is left to the installer.
 */
export async function writeBootableDisk(image: string, os: TestOs): Promise<void> {
  const [core, efi] = [`${image}.core`, `${image}.efi`];
  await writeFile(`${image}.commands`, COMMANDS);
  const grub = ['-c', `${image}.commands`, '-p', '(hd0,msdos1)/'];
  await run('grub-mkimage', [...grub, '-O', 'i386-pc', '-o', core, 'biosdisk', ...MODULES]);
  await run('grub-mkimage', [...grub, '-O', 'x86_64-efi', '-o', efi, ...MODULES]);
  const boot = await readFile('/usr/lib/grub/i386-pc/boot.img');
  await writeFile(image, Buffer.concat([withPartition(boot), await readFile(core)]));
  await truncate(image, (PARTITION_START + PARTITION_SECTORS) * SECTOR);
  const drive = `${image}@@${PARTITION_START * SECTOR}`;
  const size = ['-T', `${PARTITION_SECTORS}`, '-c', `${CLUSTER_SECTORS}`, '-H', `${PARTITION_START}`];
  await run('mformat', ['-i', drive, ...size, '::']);
  await run('mmd', ['-i', drive, '::EFI', '::EFI/BOOT']);
  await run('mcopy', ['-i', drive, os.kernel, '::vmlinuz']);
  await run('mcopy', ['-i', drive, os.installedInitrd, '::initrd.img']);
  await run('mcopy', ['-i', drive, efi, '::EFI/BOOT/BOOTX64.EFI']);
}

/** The boot sector with a partition table of one partition, which BIOS need not understand. */
function withPartition(bootSector: Buffer): Buffer {
  const sector = Buffer.from(bootSector);
  const entry = 446;
  sector.fill(0, entry, 510);
  sector[entry] = ACTIVE;
  sector[entry + 4] = EFI_SYSTEM_PARTITION;
  sector.writeUInt32LE(PARTITION_START, entry + 8);
  sector.writeUInt32LE(PARTITION_SECTORS, entry + 12);
  return sector;
}
