import { gunzipSync } from 'node:zlib';
import type { JsonObject, JsonValue } from '../json-value.ts';

/** What stands in the place of a secret. */
export const REDACTED = '«secret»';

/** Keys of metadata whose values are secrets, wherever in a key this stands. */
const SECRET_KEY = /pass|secret|token|credential|private|(?:^|[_-])key|key$|psk|pin$/i;
/** Shorter values are found in too many other places, and are no secrets worth the name. */
const LENGTH_MIN = 4;
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g;
/** A password as crypt(5) hashes it. */
const PASSWORD_HASH = /\$(?:1|2[abxy]?|5|6|7|y|gy)\$[^\s:"'\\]{8,}/g;
/** At most this much of a compressed file is unpacked to look for secrets. */
const UNPACKED_MAX = 8 * 1024 * 1024;

/** The secrets in some metadata: the texts below keys whose names say so, longest first. */
export function secretsOf(...metadata: readonly JsonObject[]): readonly string[] {
  const found = new Set<string>();
  for (const one of metadata) collect(one, false, found);
  return [...found].sort((a, b) => b.length - a.length);
}

function collect(value: JsonValue | undefined, isSecret: boolean, found: Set<string>): void {
  if (typeof value === 'string' || typeof value === 'number') {
    const text = String(value);
    if (isSecret && text.length >= LENGTH_MIN) found.add(text);
  } else if (Array.isArray(value)) {
    for (const one of value) collect(one as JsonValue, isSecret, found);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, one] of Object.entries(value)) collect(one, isSecret || SECRET_KEY.test(key), found);
  }
}

/** A text without the secrets, private keys and hashes of passwords, however they are written in it. */
export function redactText(text: string, secrets: readonly string[]): string {
  let redacted = text;
  for (const secret of secrets) {
    const forms = new Set([secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]);
    for (const form of forms) redacted = redacted.replaceAll(form, REDACTED);
    redacted = redacted.replaceAll(Buffer.from(secret).toString('base64'), REDACTED);
  }
  return redacted.replace(PRIVATE_KEY, REDACTED).replace(PASSWORD_HASH, REDACTED);
}

/**
 * An Ignition config without secrets: also those in the contents of files, which are written out for that, and those that
 * the specification itself makes secret (password hashes, key files of LUKS, HTTP headers).
 */
export function redactIgnition(json: string, secrets: readonly string[]): string {
  const walk = (value: JsonValue, path: readonly string[]): JsonValue => {
    const key = path.at(-1) ?? '';
    if (typeof value === 'string') {
      if (key === 'passwordHash') return REDACTED;
      if (value.startsWith('data:'))
        return path.includes('keyFile') ? REDACTED : redactDataUrl(value, secrets);
      if (key === 'value' && path.includes('httpHeaders')) return REDACTED;
      return redactText(value, secrets);
    }
    if (Array.isArray(value)) return value.map((one) => walk(one as JsonValue, path));
    if (typeof value !== 'object' || value === null) return value;
    const walked = Object.fromEntries(
      Object.entries(value).map(([name, one]) => [name, walk(one, [...path, name])]),
    );
    // Contents that were unpacked are not compressed any more.
    const { compression, source } = value as { compression?: string; source?: string };
    if (compression !== 'gzip' || typeof source !== 'string' || !source.startsWith('data:')) return walked;
    const unpacked = unpack(source);
    if (unpacked === undefined || path.includes('keyFile')) return { ...walked, source: REDACTED };
    const { compression: _gone, ...rest } = walked;
    return { ...rest, source: dataUrlOf(redactText(unpacked, secrets)) };
  };
  return JSON.stringify(walk(JSON.parse(json) as JsonValue, []));
}

/** As it was if there is no secret in it. */
function redactDataUrl(url: string, secrets: readonly string[]): string {
  const text = decodeDataUrl(url)?.toString('utf8');
  if (text === undefined) return REDACTED;
  const redacted = redactText(text, secrets);
  return redacted === text ? url : dataUrlOf(redacted);
}

function unpack(url: string): string | undefined {
  const bytes = decodeDataUrl(url);
  if (bytes === undefined) return undefined;
  try {
    return gunzipSync(bytes, { maxOutputLength: UNPACKED_MAX }).toString('utf8');
  } catch {
    return undefined;
  }
}

/** RFC 2397. */
function decodeDataUrl(url: string): Buffer | undefined {
  const comma = url.indexOf(',');
  if (comma < 0) return undefined;
  try {
    const data = decodeURIComponent(url.slice(comma + 1));
    return url.slice(0, comma).endsWith(';base64') ? Buffer.from(data, 'base64') : Buffer.from(data);
  } catch {
    return undefined;
  }
}

function dataUrlOf(text: string): string {
  return `data:,${encodeURIComponent(text)}`;
}
