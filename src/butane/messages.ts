/**
 * Butane's messages, word for word (config/common/errors.go of coreos/butane), and messages that Butane does not have.
 */
export const MESSAGES = {
  sourceInvalid: 'source config is invalid',
  generatedInvalid: 'config generated was invalid',

  tooManyResourceSources: 'only one of the following can be set: inline, local, source',
  tooManyUnitSources: 'only one of the following can be set: contents, contents_local',
  noFilesDirectory:
    'local file paths are relative to a files directory that must be specified with -d/--files-dir',
  outsideFilesDirectory: 'local file path traverses outside the files directory',
  unknownIgnitionVersion:
    'skipping validation for the merge/replace ignition config due to an unkown version',

  decimalMode: 'unreasonable mode would be reasonable if specified in octal; remember to add a leading zero',
  treeNoLocal: 'local is required',
  treeNotDirectory: 'root of tree must be a directory',
  treeFileType: 'trees may only contain files, directories, and symlinks',
  nodeExists: 'matching filesystem node has existing contents or different type',

  mountUnitNoPath: 'path is required if with_mount_unit is true and format is not swap',
  mountUnitNoFormat: 'format is required if with_mount_unit is true',
  mountPointForbidden: 'path must be under /etc or /var if with_mount_unit is true',

  quadletExtension:
    'unsupported file extension for quadlet: must be one of .container, .volume, .network, .kube, ' +
    '.image, .build, .pod, or .artifact',
  quadletInstanceContents: 'template instances cannot have contents or contents_local',

  clevisForbidden: 'clevis is not supported in this spec version',
  cexForbidden: 'cex is not currently supported on the target platform',

  unknownLayout: 'layout must be one of: aarch64, ppc64le, s390x-eckd, s390x-virt, s390x-zfcp, x86_64',
  unknownLayoutLegacy: 'layout must be one of: aarch64, ppc64le, x86_64',
  tooFewMirrorDevices: 'mirroring requires at least two devices',
  mirrorWithoutLayout: 'boot_device.layout should be specified when boot_device.mirror is specified',
  mirrorNotSupported: 'mirroring not supported on layouts: s390x-eckd, s390x-zfcp, s390x-virt',
  luksNoDevice: 'device is required for layouts: s390x-eckd, s390x-zfcp',
  luksBadDevice: 'device name must start with /dev/dasd on s390x-eckd layout or /dev/sd on s390x-zfcp layout',
  luksNoMethod: 'no method specified for luks',
  cexNeedsS390x: 'when using cex the targeted architecture must match s390x',
  cexWithClevis: 'cannot use cex with clevis',
  reuseByLabel:
    'partitions cannot be reused by label; number must be specified except on boot disk ' +
    '(/dev/disk/by-id/coreos-boot-disk) or when wipe_table is true',
  wrongPartitionNumber: 'incorrect partition number; a new partition will be created using reserved label',
  rootTooSmall: 'root should have 8GiB of space assigned',
  rootConstrained:
    'root partition cannot expand; it is set to fill available space but is followed by an ' +
    'auto-positioned partition',

  grubUserNoName: 'field "name" is required',
  grubUserNoPassword: 'field "password_hash" is required',

  breaksLine:
    'must not contain control characters or end with a backslash: it is written into a line of a generated file',
} as const;
