/** The folders of a catalog that hold documents. */
export type DocumentFolder = 'profiles' | 'groups' | 'machines';

/** Something in a document that is of another program, or of another folder. */
export interface ForeignDocument {
  /** The key of the document that shows it. */
  readonly key: string;
  readonly message: string;
}

/** Keys of Matchbox's profiles that name a file. */
const MATCHBOX_ID = /^profiles\.(ignition|generic|cloud)_id$/;

type Mapping = Readonly<Record<string, unknown>>;

/** Keys that cloud-config has at the top of a document, and Container Linux Configs do not. */
const CLOUD_CONFIG_KEYS = [
  'coreos',
  'write_files',
  'runcmd',
  'bootcmd',
  'packages',
  'users',
  'ssh_authorized_keys',
];
const CONTAINER_LINUX_KEYS = [
  'systemd',
  'storage',
  'passwd',
  'networkd',
  'etcd',
  'flannel',
  'locksmith',
  'update',
  'docker',
];

/** What to write in place of a key of Matchbox's documents; undefined for other keys. `value` is what the key has. */
export function describeMatchboxKey(
  folder: DocumentFolder,
  path: readonly PropertyKey[],
  key: string,
  value: unknown,
): string | undefined {
  const place = [folder, ...path, key].join('.');
  if (value === '' && MATCHBOX_ID.test(place)) return `"${key}" is a key of Matchbox, and empty: remove it`;
  const name = typeof value === 'string' ? value : 'FILE';
  switch (place) {
    case 'profiles.ignition_id':
      return `"ignition_id" is a key of Matchbox: write "ignition: ${name}" in its place and put that file into profiles/; variables are written {{name}}, without the dot of {{.name}}`;
    case 'profiles.generic_id':
      return `"generic_id" is a key of Matchbox: write "generic: {${name}: ${name}}" in its place and put that file into profiles/`;
    case 'profiles.cloud_id':
      return '"cloud_id" is a key of Matchbox that names a cloud-config, which Railhead does not serve: write the config as Butane and name that in "ignition"';
    case 'profiles.boot.cmdline':
      return '"cmdline" is a key of old versions of Matchbox: write "args" in its place, a list with an item for each kernel argument';
    case 'groups.requirements':
    case 'groups.require':
      return `"${key}" is a key of old versions of Matchbox: write "selector" in its place`;
    default:
      return undefined;
  }
}

/**
 * Recognises a document that does not fit its folder: one of another folder, or one that people bring along from
 * elsewhere. Undefined when nothing is known about it.
 */
export function recogniseDocument(folder: DocumentFolder, document: unknown): ForeignDocument | undefined {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return undefined;
  const mapping = document as Mapping;
  if ('apiVersion' in mapping && 'kind' in mapping) {
    const message = `this is a document of Kubernetes, which has no place in ${folder}/: put it into a file of a Butane config, or remove it`;
    return { key: 'apiVersion', message };
  }
  return 'id' in mapping ? recogniseOwn(folder, mapping) : recogniseConfig(folder, mapping);
}

/** A document of ours in the wrong folder. */
function recogniseOwn(folder: DocumentFolder, mapping: Mapping): ForeignDocument | undefined {
  if (folder !== 'groups' && typeof mapping['profile'] === 'string') {
    return { key: 'profile', message: 'this is a group, since it names a profile: move it to groups/' };
  }
  if (folder !== 'profiles' && isMapping(mapping['boot'])) {
    return {
      key: 'boot',
      message: 'this is a profile, since it says what to boot: move it to profiles/',
    };
  }
  if (folder !== 'machines' && 'mac' in mapping) {
    return {
      key: 'mac',
      message: 'this is a machine, since it has a MAC address of its own: move it to machines/',
    };
  }
  return undefined;
}

function recogniseConfig(folder: DocumentFolder, mapping: Mapping): ForeignDocument | undefined {
  const use =
    folder === 'profiles'
      ? 'name it in the ignition list of a profile, or remove it'
      : 'move it to profiles/, and name it in the ignition list of a profile';
  if ('variant' in mapping) return { key: 'variant', message: `this is a Butane config: ${use}` };
  if ('ignitionVersion' in mapping) {
    const message =
      'this is an Ignition 1 config, which machines no longer take: write it as Butane, and name that in the ignition list of a profile';
    return { key: 'ignitionVersion', message };
  }
  if (isMapping(mapping['ignition'])) {
    return { key: 'ignition', message: `this is an Ignition config: ${use}` };
  }
  const cloud = CLOUD_CONFIG_KEYS.find((key) => key in mapping);
  if (cloud !== undefined) {
    const message =
      'this is a cloud-config, which Railhead does not serve: write it as Butane, and name that in the ignition list of a profile';
    return { key: cloud, message };
  }
  const containerLinux = CONTAINER_LINUX_KEYS.find((key) => isMapping(mapping[key]));
  if (containerLinux === undefined) return undefined;
  const message =
    'this is a Container Linux Config, of which Butane took over most: begin it with the lines "variant: flatcar" and "version: 1.1.0", and name it in the ignition list of a profile';
  return { key: containerLinux, message };
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
