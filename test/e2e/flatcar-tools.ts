import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type CpioEntry, packCpio } from '../../src/lab/cpio-archive.ts';
import { programEntries } from '../../src/lab/program-entries.ts';
import type { Rack } from '../../src/lab/rack.ts';
import { writeBootableDisk } from './bootable-disk.ts';

// What the scripts of the example profiles find in Flatcar and not in the test OS.

/** The release of Flatcar that the assets name. */
export const RELEASE = '4593.2.4';

/**
 * In place of Flatcar's own: writes the image in two halves, and leaves the report URL of the installed system's config
 * in the sector where that looks for it. What it does after the first half is an argument of the kernel.
 */
const FLATCAR_INSTALL = `#!/bin/bash
set -eu -o pipefail
while getopts d:b:V:i: option; do
  case $option in
    d) disk=$OPTARG ;;
    b) mirror=$OPTARG ;;
    V) version=$OPTARG ;;
    i) config=$OPTARG ;;
    *) exit 2 ;;
  esac
done
say() { echo "installer: $*" > /dev/console; }
say begins
case $(cat /proc/cmdline) in *railhead.installer=restarts*) reboot -f ;; esac
curl --fail --silent --show-error --output /tmp/image "$mirror/$version/flatcar_production_image.bin.bz2"
dd if=/tmp/image of="$disk" bs=1M count=4 conv=fsync
say "half written"
case $(cat /proc/cmdline) in *railhead.installer=hangs*) sleep 3600 ;; esac
dd if=/tmp/image of="$disk" bs=1M skip=4 seek=4 conv=fsync
url=$(sed -n 's/.*"data:,\\(http[^"]*\\)".*/\\1/p' "$config")
printf '%b' "\${url//%/\\\\x}" | dd of="$disk" bs=512 seek=1024 conv=notrunc,fsync
say ends
`;

/** Each program is found before the one of the system. */
const FILES: Readonly<Record<string, string>> = {
  'usr/sbin/flatcar-install': FLATCAR_INSTALL,
  'usr/sbin/systemctl': '#!/bin/bash\n[ "$1" = reboot ] && exec reboot -f\nexec /usr/bin/systemctl "$@"\n',
  'usr/sbin/udevadm': '#!/bin/bash\n',
  'etc/os-release': `ID=flatcar\nVERSION_ID=${RELEASE}\n`,
};

/**
 * Puts Flatcar's files into the assets of a rack: the test OS with these tools in place of the live system, and a disk
 * image that the installer writes. Flatcar's image is compressed; this one is not.
 */
export async function writeFlatcarAssets({ catalog, os }: Rack): Promise<void> {
  const folder = path.join(catalog, 'assets/flatcar', RELEASE);
  await mkdir(folder, { recursive: true });
  await symlink(RELEASE, path.join(catalog, 'assets/flatcar/current'));
  await writeFile(path.join(folder, 'version.txt'), `FLATCAR_VERSION=${RELEASE}\n`);
  await copyFile(os.kernel, path.join(folder, 'flatcar_production_pxe.vmlinuz'));
  // Linux unpacks one archive after the other.
  const initrd = Buffer.concat([await readFile(os.initrd), await toolsArchive()]);
  await writeFile(path.join(folder, 'flatcar_production_pxe_image.cpio.gz'), initrd);
  const image = path.join(catalog, 'disk.img');
  await writeBootableDisk(image, os);
  await copyFile(image, path.join(folder, 'flatcar_production_image.bin.bz2'));
}

async function toolsArchive(): Promise<Buffer> {
  const scripts = Object.entries(FILES).map(([name, text]): CpioEntry => ({
    kind: 'file',
    path: name,
    content: Buffer.from(text),
    mode: 0o755,
  }));
  const curl = await programEntries({ from: '/usr/bin/curl', to: 'usr/bin/curl' });
  return promisify(gzip)(packCpio([...foldersOf([...scripts, ...curl]), ...scripts, ...curl]));
}

function foldersOf(entries: readonly CpioEntry[]): CpioEntry[] {
  const folders = new Set<string>();
  for (const { path: name } of entries) {
    const parts = path.dirname(name).split('/');
    for (const [index] of parts.entries()) folders.add(parts.slice(0, index + 1).join('/'));
  }
  return [...folders].map((folder) => ({ kind: 'directory', path: folder }));
}
