import type { ConfigValue } from './config.ts';
import { checkDevice, checkDisk, checkFilesystem, checkPartition, checkRaid } from './disk-rules.ts';
import { checkClevisCustom, checkLuks, checkTang } from './luks-rules.ts';
import {
  checkCaReference,
  checkConfigReference,
  checkHttpHeader,
  checkIgnitionConfig,
  checkProxy,
  checkResource,
  checkTls,
  checkVerification,
} from './resource-rules.ts';
import { checkDirectory, checkFile, checkNode, checkOwner, checkStorage } from './storage-rules.ts';
import { checkConfig, checkDropin, checkSystemd, checkUnit } from './systemd-rules.ts';
import type { ValidationContext } from './validation-context.ts';

/** Reports what is wrong with one value, without the values inside it. */
export type Rule = (value: ConfigValue, context: ValidationContext) => void;

/**
 * The rules by the Go type to which they apply. One set serves all specifications: a rule that changed checks the
 * specification in the context. Wording and order are those of config/v3_*\/types of coreos/ignition.
 */
export const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['Config', checkConfig as Rule],
  ['IgnitionConfig', checkIgnitionConfig as Rule],
  ['Proxy', checkProxy as Rule],
  ['TLS', checkTls as Rule],
  ['Resource', checkResource as Rule],
  ['FileContents', checkResource as Rule],
  ['ConfigReference', checkConfigReference as Rule],
  ['CaReference', checkCaReference as Rule],
  ['HTTPHeader', checkHttpHeader as Rule],
  ['Verification', checkVerification as Rule],
  ['Storage', checkStorage as Rule],
  ['Directory', checkDirectory as Rule],
  ['File', checkFile as Rule],
  ['Link', checkNode as Rule],
  ['NodeUser', checkOwner as Rule],
  ['NodeGroup', checkOwner as Rule],
  ['Disk', checkDisk as Rule],
  ['Partition', checkPartition as Rule],
  ['Filesystem', checkFilesystem as Rule],
  ['Raid', checkRaid as Rule],
  ['Device', checkDevice as Rule],
  ['Luks', checkLuks as Rule],
  ['Custom', checkClevisCustom as Rule],
  ['ClevisCustom', checkClevisCustom as Rule],
  ['Tang', checkTang as Rule],
  ['Systemd', checkSystemd as Rule],
  ['Unit', checkUnit as Rule],
  ['Dropin', checkDropin as Rule],
]);
