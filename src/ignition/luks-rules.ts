import type { Clevis, ClevisCustom, Luks, Tang } from './config.ts';
import { parseUrl } from './go-url.ts';
import { JsonSyntaxError, parseJson } from './json-document.ts';
import { byteLength, findPathFault } from './path-rules.ts';
import { findSourceFault } from './resource-rules.ts';
import type { ValidationContext } from './validation-context.ts';

/** Rules of Luks. */
export function checkLuks(luks: Luks, context: ValidationContext): void {
  const { name = '', label = '', device, clevis = {}, keyFile } = luks;
  if (name.includes('/')) context.error('device names cannot contain slashes', 'name');
  // LUKS2 labels have 48 bytes, including the terminating zero.
  if (byteLength(label) > 47) {
    context.error('luks device labels cannot be longer than 47 characters', 'label');
  }
  context.error(device ? findPathFault(device) : 'disk device is required', 'device');
  if (hasCustom(clevis, context) && hasOwnPins(clevis)) {
    context.error('cannot use custom clevis config with tpm2, tang, or threshold', 'clevis');
  }
  if (keyFile?.source && findSourceFault(keyFile.source, context) !== undefined) {
    // There is no field `keys`, but Ignition reports it.
    context.error('invalid key-file source', 'keys');
  }
  if (luks.cex?.enabled !== true) return;
  if (hasOwnPins(clevis) || clevis.custom?.pin) context.error('cannot use cex with clevis', 'cex');
  if (keyFile?.source) context.error('cannot use key file with cex', 'cex');
}

function hasCustom(clevis: Clevis, context: ValidationContext): boolean {
  return context.minor >= 3 ? Boolean(clevis.custom?.pin) : clevis.custom !== undefined;
}

function hasOwnPins({ tang = [], tpm2, threshold = 0 }: Clevis): boolean {
  return tang.length > 0 || tpm2 === true || BigInt(threshold) !== 0n;
}

/** Rules of ClevisCustom; before 3.3.0 a missing pin counts as an unknown one, and from 3.6.0 on any pin is allowed. */
export function checkClevisCustom(custom: ClevisCustom, context: ValidationContext): void {
  const { pin = '', config = '', needsNetwork = false } = custom;
  const optional = context.minor >= 3;
  if (pin === '' && config === '' && !(optional && needsNetwork)) return;
  if (pin === '' && optional) context.error('missing required custom clevis pin', 'pin');
  else if (context.minor <= 5 && !['tpm2', 'tang', 'sss'].includes(pin)) {
    context.error('unsupported clevis pin', 'pin');
  }
  if (config === '') context.error('missing required custom clevis config', 'config');
}

/** Rules of Tang. */
export function checkTang(
  { url = '', thumbprint = '', advertisement = '' }: Tang,
  context: ValidationContext,
): void {
  const parsed = parseUrl(url);
  if (!parsed) context.error('unable to parse url', 'url');
  else if (parsed.scheme !== 'http' && parsed.scheme !== 'https') context.error('invalid url scheme', 'url');
  if (thumbprint === '') context.error('thumbprint is required', 'thumbprint');
  if (advertisement !== '' && !isJson(advertisement)) {
    context.error('advertisement is not valid JSON', 'advertisement');
  }
}

function isJson(text: string): boolean {
  try {
    // A number that exceeds a float64 does not fit the type into which Ignition decodes.
    return parseJson(Buffer.from(text, 'utf8')).positioned;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return false;
    throw error;
  }
}
