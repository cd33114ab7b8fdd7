import type { Int } from '../../ignition/config.ts';
import { decodeUtf8 } from '../../ignition/go-text.ts';
import type { ScalarNode } from './node.ts';
import { YamlError } from './yaml-error.ts';

/** The type of a scalar: the short form of its tag, and its value. */
export interface ResolvedScalar {
  readonly tag: string;
  /** In the type that matches the tag: bigint for an int, number for a float; the text for all other tags. */
  readonly value: string | boolean | bigint | number | null;
}

const CONSTANTS = new Map<string, ResolvedScalar>([
  ...['', '~', 'null', 'Null', 'NULL'].map((text) => [text, { tag: '!!null', value: null }] as const),
  ...['true', 'True', 'TRUE'].map((text) => [text, { tag: '!!bool', value: true }] as const),
  ...['false', 'False', 'FALSE'].map((text) => [text, { tag: '!!bool', value: false }] as const),
  ...['.nan', '.NaN', '.NAN'].map((text) => [text, { tag: '!!float', value: Number.NaN }] as const),
  ...['.inf', '.Inf', '.INF'].flatMap((text) => [
    [text, { tag: '!!float', value: Number.POSITIVE_INFINITY }] as const,
    [`+${text}`, { tag: '!!float', value: Number.POSITIVE_INFINITY }] as const,
    [`-${text}`, { tag: '!!float', value: Number.NEGATIVE_INFINITY }] as const,
  ]),
]);

const NULLS = new Set(['', '~', 'null', 'Null', 'NULL']);

/** Tags whose scalars must have a matching form; any other tag leaves the text as it is. */
const CHECKED_TAGS = new Set(['!!bool', '!!int', '!!float', '!!null', '!!timestamp']);

/** Whether a scalar is a string regardless of its text: quoted, a block scalar, or tagged as one. */
export function isString(node: ScalarNode): boolean {
  return node.tag === '!!str' || ((node.tag === '' || node.tag === '!') && node.style !== 'plain');
}

/** Whether a scalar without a tag of its own is a null. */
export function isPlainNull(node: ScalarNode): boolean {
  return node.style === 'plain' && NULLS.has(node.value);
}

/** The tag of a scalar, for messages: the explicit one, or the one that its text resolves to. */
export function tagOf(node: ScalarNode): string {
  if (node.tag !== '' && node.tag !== '!') return node.tag;
  if (node.style !== 'plain') return '!!str';
  return node.value === '<<' ? '!!merge' : resolveText(node.value, true).tag;
}

/**
 * Determines the type of a scalar by the rules of go-yaml: YAML 1.2's core schema, plus octal numbers with only a
 * leading zero, underscores in numbers, and timestamps. Throws YamlError if an explicit tag contradicts the text.
 */
export function resolveScalar(node: ScalarNode): ResolvedScalar {
  if (isString(node)) return { tag: '!!str', value: node.value };
  const tag = node.tag === '!' ? '' : node.tag;
  if (tag === '') {
    return node.value === '<<' ? { tag: '!!merge', value: node.value } : resolveText(node.value, true);
  }
  if (tag === '!!binary') return { tag, value: decodeBinary(node) };
  if (!CHECKED_TAGS.has(tag)) return { tag, value: node.value };

  const resolved = resolveText(node.value, tag === '!!timestamp');
  if (resolved.tag === tag) return resolved;
  if (tag === '!!float' && typeof resolved.value === 'bigint') {
    return { tag, value: Number(resolved.value) };
  }
  throw new YamlError(`cannot decode ${resolved.tag} \`${node.value}\` as a ${tag}`, node);
}

function resolveText(text: string, timestamps: boolean): ResolvedScalar {
  const constant = CONSTANTS.get(text);
  if (constant) return constant;
  const first = text.charCodeAt(0);
  const isDigit = first >= 0x30 && first <= 0x39;
  if (isDigit || text.startsWith('+') || text.startsWith('-')) {
    if (timestamps && isTimestamp(text)) return { tag: '!!timestamp', value: text };
    const plain = text.replaceAll('_', '');
    return (
      resolveInt(plain) ?? resolveFloat(plain) ?? resolvePrefixedInt(plain) ?? { tag: '!!str', value: text }
    );
  }
  if (text.startsWith('.')) return resolveFloat(text) ?? { tag: '!!str', value: text };
  return { tag: '!!str', value: text };
}

const INT_PATTERN = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|([1-9][0-9]*|0))$/;
const maxInt64 = (1n << 63n) - 1n;
const maxUint64 = (1n << 64n) - 1n;

function resolveInt(text: string): ResolvedScalar | undefined {
  const match = INT_PATTERN.exec(text);
  if (!match) return undefined;
  const [, sign = '', hex, binary, octal, decimal = ''] = match;
  const digits = hex ? `0x${hex}` : binary ? `0b${binary}` : octal ? `0o${octal}` : decimal;
  if (digits.length > 70) return undefined;
  const magnitude = BigInt(digits);
  if (sign === '-') return magnitude <= maxInt64 + 1n ? { tag: '!!int', value: -magnitude } : undefined;
  // A number without a sign may be larger.
  const max = sign === '' ? maxUint64 : maxInt64;
  return magnitude <= max ? { tag: '!!int', value: magnitude } : undefined;
}

const FLOAT_PATTERN = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;

function resolveFloat(text: string): ResolvedScalar | undefined {
  if (!FLOAT_PATTERN.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? { tag: '!!float', value } : undefined;
}

/** go-yaml accepts a second sign after the prefix of a binary or octal number. */
function resolvePrefixedInt(text: string): ResolvedScalar | undefined {
  const match = /^0([bo])([-+])([0-7]{1,64})$/.exec(text);
  if (!match) return undefined;
  const [, prefix = '', sign = '', digits = ''] = match;
  if (prefix === 'b' && !/^[01]+$/.test(digits)) return undefined;
  const magnitude = BigInt(`0${prefix}${digits}`);
  if (magnitude > maxInt64) return undefined;
  return { tag: '!!int', value: sign === '-' ? -magnitude : magnitude };
}

const TIMESTAMP_PATTERN =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.\d+)?(?:Z|[-+]\d{2}:\d{2}))|(?: (\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.\d+)?))?$/;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isTimestamp(text: string): boolean {
  const match = TIMESTAMP_PATTERN.exec(text);
  if (!match) return false;
  const [year = 0, month = 0, day = 0, ...clock] = match.slice(1).map((digits) => Number(digits ?? 0));
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 1 : 0;
  const days = (MONTH_DAYS[month - 1] ?? 0) + leap;
  const [hour = 0, minute = 0, second = 0] = [0, 1, 2].map(
    (part) => (clock[part] ?? 0) + (clock[part + 3] ?? 0),
  );
  return day >= 1 && day <= days && hour < 24 && minute < 60 && second < 60;
}

/** Decodes base64 as strictly as Go, which skips only line ends; bytes that are not UTF-8 become U+FFFD. */
function decodeBinary(node: ScalarNode): string {
  const plain = node.value.replace(/[\r\n]/g, '');
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(plain)) {
    throw new YamlError('!!binary value contains invalid base64 data', node);
  }
  return decodeUtf8(Buffer.from(plain, 'base64'));
}

/** The largest float that Go's conversion still accepts as an int64: 2^63. */
const FLOAT_LIMIT = 2 ** 63;
const MIN_INT64 = -(1n << 63n);

/**
 * Converts a resolved number to a Go int: fractions are cut off, and floats that do not fit become the smallest int64,
 * as on amd64. Undefined for numbers that Go refuses.
 */
export function toInt(resolved: ResolvedScalar): Int | undefined {
  const { tag, value } = resolved;
  if (tag === '!!int' && typeof value === 'bigint') return value > maxInt64 ? undefined : compactInt(value);
  if (tag === '!!float' && typeof value === 'number') {
    if (Number.isNaN(value) || value > FLOAT_LIMIT) return undefined;
    if (value === FLOAT_LIMIT || value < -FLOAT_LIMIT) return MIN_INT64;
    return compactInt(BigInt(Math.trunc(value)));
  }
  return undefined;
}

function compactInt(value: bigint): Int {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
