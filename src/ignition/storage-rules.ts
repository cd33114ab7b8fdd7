import type { Directory, Disk, File, Int, Link, Node, NodeOwner, Storage } from './config.ts';
import { cleanPath, isAbsolutePath, joinPath } from './go-path.ts';
import { findPathFault } from './path-rules.ts';
import type { ValidationContext } from './validation-context.ts';

/** Rules of Storage that concern several of its lists. */
export function checkStorage(storage: Storage, context: ValidationContext): void {
  const { directories = [], files = [], links = [] } = storage;
  const linkPaths = countPaths(links);
  const linkLengths = new Set([...linkPaths.keys()].map((path) => path.length));
  const checkParents = (path: string | undefined, message: string, ...below: (string | number)[]): void => {
    // Reported once for every link on the path, as in Ignition.
    const count = countPrefixes(path ?? '', linkPaths, linkLengths);
    for (let reported = 0; reported < count; reported++) context.error(message, ...below);
  };

  for (const [index, { path }] of directories.entries()) {
    checkParents(path, 'directory path includes link in config', 'directories', index);
  }
  for (const [index, { path }] of files.entries()) {
    checkParents(path, 'file path includes link in config', 'files', index);
  }
  const directoryPaths = countPaths(directories);
  for (const [index, link] of links.entries()) {
    checkParents(link.path, 'link path includes link in config', 'links', index);
    checkLinkTarget(link, index, directoryPaths, context);
  }
  checkFilesystemDevices(storage, context);
}

function countPaths(nodes: readonly Node[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { path = '' } of nodes) counts.set(path, (counts.get(path) ?? 0) + 1);
  return counts;
}

/** Number of links that lie on a path: links whose own path, followed by a slash, is a prefix of it. */
function countPrefixes(
  path: string,
  linkPaths: ReadonlyMap<string, number>,
  lengths: ReadonlySet<number>,
): number {
  let count = 0;
  if (lengths.size === 0) return count;
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    if (lengths.has(slash)) count += linkPaths.get(path.slice(0, slash)) ?? 0;
  }
  return count;
}

function checkLinkTarget(
  link: Link,
  index: number,
  directoryPaths: ReadonlyMap<string, number>,
  context: ValidationContext,
): void {
  const { path = '', target = '', hard, user = {}, group = {} } = link;
  if (target === '' && context.minor >= 3) {
    context.error('link target is required', 'links', index, 'target');
    return;
  }
  if (hard !== true) return;
  const absolute = isAbsolutePath(target) ? cleanPath(target) : joinPath(path, target);
  for (let count = directoryPaths.get(absolute) ?? 0; count > 0; count--) {
    context.error('hard link target is a directory', 'links', index);
  }
  for (const [owner, { id, name }] of [['user', user] as const, ['group', group] as const]) {
    const message = 'user/group ignored for hard link';
    if (id !== undefined) context.warn(message, 'links', index, owner, 'id');
    if (name !== undefined) context.warn(message, 'links', index, owner, 'name');
  }
}

function checkFilesystemDevices(storage: Storage, context: ValidationContext): void {
  const { disks = [], filesystems = [] } = storage;
  const byDevice = new Map<string, Disk>(disks.map((disk) => [disk.device ?? '', disk]));
  for (const [index, { device = '', wipeFilesystem }] of filesystems.entries()) {
    const disk = byDevice.get(device);
    if (!disk) continue;
    if (disk.partitions?.length) {
      context.warn('filesystem overwrites partitioned device', 'filesystems', index, 'device');
    } else if (disk.wipeTable === true && wipeFilesystem !== true) {
      context.warn(
        'device matches disk with wipeTable enabled; filesystem will be wiped',
        ...['filesystems', index, 'device'],
      );
    }
  }
}

/** Rules that files, directories and links have in common. */
export function checkNode({ path = '' }: Node, context: ValidationContext): void {
  context.error(findPathFault(path), 'path');
}

/** Rules of Directory. */
export function checkDirectory(directory: Directory, context: ValidationContext): void {
  checkNode(directory, context);
  checkMode(directory.mode, context);
}

/** Rules of File. */
export function checkFile(file: File, context: ValidationContext): void {
  checkNode(file, context);
  checkMode(file.mode, context);
  if (file.overwrite === true && file.contents?.source === undefined) {
    context.error('overwrite must be false if source is unspecified', 'overwrite');
  }
}

function checkMode(mode: Int | undefined, context: ValidationContext): void {
  if (mode === undefined) return;
  if (mode < 0 || mode > 0o7777) context.error('illegal file mode', 'mode');
  if (context.minor <= 5 && (BigInt(mode) & 0o7000n) !== 0n) {
    context.warn(
      'setuid/setgid/sticky bits are not supported or functional in spec versions older than 3.6.0',
      'mode',
    );
  }
}

/** Rules of NodeUser and NodeGroup. */
export function checkOwner({ id, name = '' }: NodeOwner, context: ValidationContext): void {
  if (id !== undefined && name !== '') context.error('cannot set both id and name');
}
