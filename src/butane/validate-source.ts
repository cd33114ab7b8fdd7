import type { Config, Directory, File, Int } from '../ignition/config.ts';
import type { Entry, Path } from '../ignition/report.ts';
import { specMinor } from '../ignition/spec-version.ts';
import type { DecodedObject } from './decode.ts';
import { looksDecimal } from './file-mode.ts';
import { MESSAGES } from './messages.ts';
import { validateNestedConfig } from './nested-config.ts';
import type { ButaneStruct } from './schema.ts';
import {
  checkBootDevice,
  checkBootDeviceLuks,
  checkMirror,
  checkReuseByLabel,
} from './sugar/boot-device-rules.ts';
import type { BootDevice } from './sugar/boot-device.ts';
import type { GrubUser } from './sugar/grub.ts';
import { templateOfInstance } from './sugar/quadlets.ts';
import type { Quadlet } from './sugar/quadlets.ts';
import type { SourceContext } from './source-context.ts';
import type { ButaneFilesystem, ButaneResource } from './sugared.ts';
import type { ButaneSpec } from './variants.ts';

type SourceRule = (value: DecodedObject, context: SourceContext) => void;

/**
 * Validates a decoded document by Butane's own rules, which are about the sugar, parents before children. Values that
 * Ignition has rules for are validated after the translation. Entries have paths of the document and no positions.
 */
export function validateSource(document: DecodedObject, spec: ButaneSpec): Entry[] {
  const entries: Entry[] = [];
  const path: (string | number)[] = [];
  const add = (kind: Entry['kind'], message: string, below: Path) => {
    entries.push({ kind, path: [...path, ...below], message });
  };
  const context: SourceContext = {
    spec: spec.ignition,
    minor: specMinor(spec.ignition),
    isFcos: spec.variant === 'fcos',
    path,
    error: (message, ...below) => add('error', message, below),
    warn: (message, ...below) => add('warning', message, below),
    add: (found) => {
      for (const entry of found) entries.push(entry);
    },
  };

  function visit(value: DecodedObject, schema: ButaneStruct): void {
    rules[schema.goName]?.(value, context);
    for (const field of schema.fields) {
      const inner = value[field.name];
      if (inner === undefined || (field.kind !== 'struct' && field.kind !== 'list')) continue;
      path.push(field.key);
      if (field.kind === 'struct') {
        visit(inner as DecodedObject, field.struct);
      } else if (field.item) {
        for (const [index, item] of (inner as DecodedObject[]).entries()) {
          path.push(index);
          visit(item, field.item);
          path.pop();
        }
      }
      path.pop();
    }
  }

  visit(document, spec.schema);
  return entries;
}

/** The rules by the Go type to which they apply. */
const rules: Readonly<Record<string, SourceRule>> = {
  Config: (value, context) => checkRoot(value, context),
  FileContents: (value, context) => checkFileContents(value, context),
  Resource: (value, context) => checkResource(value, context),
  Filesystem: (value, context) => checkFilesystem(value, context),
  Directory: (value, context) => checkMode((value as Directory).mode, true, context),
  File: (value, context) => checkMode((value as File).mode, false, context),
  Tree: (value, context) => {
    if (!value['local']) context.error(MESSAGES.treeNoLocal);
  },
  Unit: (value, context) => checkUnitSources(value, context),
  Dropin: (value, context) => checkUnitSources(value, context),
  Quadlet: (value, context) => checkQuadlet(value, context),
  BootDevice: (value, context) => checkBootDevice(value, context),
  BootDeviceLuks: (value, context) => checkBootDeviceLuks(value, context),
  BootDeviceMirror: (value, context) => checkMirror(value, context),
  GrubUser: (value, context) => checkGrubUser(value, context),
};

/** First specification in which fcos restricts mount points and checks reused partitions. */
const MOUNT_POINT_MINOR = 5;

function checkRoot(value: DecodedObject, context: SourceContext): void {
  if (!context.isFcos || context.minor < MOUNT_POINT_MINOR) return;
  const { storage } = value as Config;
  const { mirror } = (value['boot_device'] ?? {}) as BootDevice;
  checkReuseByLabel(storage?.disks ?? [], mirror?.devices ?? [], context);
  for (const [index, filesystem] of (storage?.filesystems ?? []).entries()) {
    const { path, with_mount_unit: withMountUnit } = filesystem as ButaneFilesystem;
    if (path === undefined || withMountUnit !== true || /^\/(etc|var)(\/|$)/.test(path)) continue;
    context.error(MESSAGES.mountPointForbidden, 'storage', 'filesystems', index, 'path');
  }
}

function checkFileContents({ inline, source }: ButaneResource, context: SourceContext): void {
  if (inline !== undefined && source !== undefined) {
    context.error(MESSAGES.tooManyResourceSources, 'inline');
  }
}

function checkResource(resource: ButaneResource, context: SourceContext): void {
  const given = (['local', 'inline', 'source'] as const).filter((key) => resource[key] !== undefined);
  const last = given.at(-1);
  if (given.length > 1 && last !== undefined) {
    context.error(MESSAGES.tooManyResourceSources, last);
    return;
  }
  const { inline } = resource;
  if (inline === undefined || context.path[0] !== 'ignition' || context.path[1] !== 'config') return;
  const nested = validateNestedConfig(Buffer.from(inline, 'utf8'), context.spec);
  if (nested.skipped) context.warn(MESSAGES.unknownIgnitionVersion, 'version');
  context.add(nested.entries);
  if (nested.reason !== undefined) context.error(nested.reason, 'inline');
}

function checkFilesystem(filesystem: ButaneFilesystem, context: SourceContext): void {
  const { format, path, with_mount_unit: withMountUnit } = filesystem;
  if (withMountUnit !== true) return;
  if (context.minor <= 2) {
    if (!path) context.error(MESSAGES.mountUnitNoPath, 'path');
    if (!format) context.error(MESSAGES.mountUnitNoFormat, 'format');
  } else if (!format) {
    context.error(MESSAGES.mountUnitNoFormat, 'format');
  } else if (format !== 'swap' && !path) {
    context.error(MESSAGES.mountUnitNoPath, 'path');
  }
}

function checkMode(mode: Int | undefined, isDirectory: boolean, context: SourceContext): void {
  if (mode !== undefined && looksDecimal(mode, isDirectory)) context.warn(MESSAGES.decimalMode, 'mode');
}

function checkUnitSources(value: DecodedObject, context: SourceContext): void {
  if (value['contents'] === undefined || value['contents_local'] === undefined) return;
  context.error(MESSAGES.tooManyUnitSources, 'contents_local');
}

const QUADLET_EXTENSIONS = [
  ...['.container', '.volume', '.network', '.kube'],
  ...['.image', '.build', '.pod', '.artifact'],
];

function checkQuadlet(value: DecodedObject, context: SourceContext): void {
  const { name = '' } = value as Quadlet;
  if (!QUADLET_EXTENSIONS.some((extension) => name.endsWith(extension))) {
    context.error(MESSAGES.quadletExtension, 'name');
  } else if (templateOfInstance(name) === undefined) {
    checkUnitSources(value, context);
  } else {
    for (const key of ['contents', 'contents_local']) {
      if (value[key] !== undefined) context.error(MESSAGES.quadletInstanceContents, key);
    }
  }
}

function checkGrubUser({ name, password_hash: passwordHash }: GrubUser, context: SourceContext): void {
  if (!name) context.error(MESSAGES.grubUserNoName, 'name');
  if (!passwordHash) context.error(MESSAGES.grubUserNoPassword, 'password_hash');
}
