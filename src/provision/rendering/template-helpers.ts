import { createHash } from 'node:crypto';
import type { HelperDelegate, HelperOptions } from 'handlebars';
import { encrypt } from 'unixcrypt';
import { stringify } from 'yaml';
import { type Ipv4Address, ipv4FromNumber, parseIpv4 } from '../../protocol/ipv4-address.ts';
import { cidrNetmask, type Ipv4Cidr, parseCidr } from '../../protocol/ipv4-cidr.ts';

/** What a helper refuses; the renderer adds the template. */
export class HelperError extends Error {
  override readonly name = 'HelperError';
  /** Where the helper was called, the column counted from 0; absent when the place is not known. */
  place: { readonly line: number; readonly column: number } | undefined;
}

/** Items that all `each` loops of one rendering may visit, and characters that they may write, together. */
const ITERATIONS_MAX = 100_000;
const LOOP_OUTPUT_MAX = 16 * 1024 * 1024;
const INDENT_MAX = 200;

/** What one rendering may still do; travels in Handlebars' data frame. */
export interface RenderBudget {
  iterations: number;
  characters: number;
}

/** A fresh budget for one rendering. */
export function newRenderBudget(): RenderBudget {
  return { iterations: ITERATIONS_MAX, characters: LOOP_OUTPUT_MAX };
}

/**
 * The helpers that templates may use beside Handlebars' own `if`, `unless`, `with`, `each` and `lookup`. Every helper
 * refuses what it cannot do by HelperError, and none reads anything but its arguments.
 */
export const TEMPLATE_HELPERS: Readonly<Record<string, HelperDelegate>> = {
  json: (value: unknown, options: HelperOptions) =>
    JSON.stringify(value, null, numberOption(options, 'indent') ?? 0),
  yaml: (value: unknown) => stringify(value, { lineWidth: 0 }).trimEnd(),
  base64: (value: unknown) => Buffer.from(text(value, 'base64'), 'utf8').toString('base64'),
  indent: (width: unknown, value: unknown) => indent(width, value),
  default: (value: unknown, fallback: unknown) =>
    value === undefined || value === null || value === '' ? fallback : value,
  required: (value: unknown, message: unknown) => required(value, message),
  lower: (value: unknown) => text(value, 'lower').toLowerCase(),
  upper: (value: unknown) => text(value, 'upper').toUpperCase(),
  replace: (value: unknown, from: unknown, to: unknown) =>
    text(value, 'replace').replaceAll(text(from, 'replace'), text(to, 'replace')),
  ipHost: (cidr: unknown, number: unknown) => ipHost(cidr, number),
  ipNet: (cidr: unknown, part: unknown) => ipNet(cidr, part),
  sha512Crypt: (password: unknown, salt: unknown) => sha512Crypt(password, salt),
  each: eachWithinBudget,
};

/** Helpers whose arguments may be missing variables: they are for asking whether something is there. */
export const LENIENT_HELPERS: ReadonlySet<string> = new Set(['if', 'unless', 'default', 'required']);

function text(value: unknown, helper: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new HelperError(`${helper} takes text, not ${describeType(value)}`);
}

function describeType(value: unknown): string {
  return value === undefined
    ? 'a missing argument'
    : Array.isArray(value)
      ? 'a list'
      : value === null
        ? 'null'
        : `an ${typeof value}`;
}

function numberOption(options: HelperOptions | undefined, name: string): number | undefined {
  const value: unknown = (options?.hash as Record<string, unknown> | undefined)?.[name];
  return typeof value === 'number' && value >= 0 && value <= 10 ? value : undefined;
}

function indent(width: unknown, value: unknown): string {
  if (typeof width !== 'number' || !Number.isInteger(width) || width < 0 || width > INDENT_MAX) {
    throw new HelperError(`indent takes a width from 0 to ${INDENT_MAX} first, as in {{indent 8 text}}`);
  }
  // The first line stands where the template has it; only the lines after it need the room.
  return text(value, 'indent')
    .trimEnd()
    .replaceAll('\n', `\n${' '.repeat(width)}`);
}

function required(value: unknown, message: unknown): unknown {
  if (value !== undefined && value !== null && value !== '') return value;
  throw new HelperError(typeof message === 'string' ? message : 'a required value is missing');
}

function ipHost(cidr: unknown, number: unknown): Ipv4Address {
  const network = parseNetwork(cidr, 'ipHost');
  const offset = typeof number === 'string' ? Number(number) : number;
  const size = network.last - network.first + 1;
  if (typeof offset !== 'number' || !Number.isInteger(offset) || offset >= size || offset < -size) {
    throw new HelperError(`ipHost: ${network.text} has no host ${String(number)}`);
  }
  return ipv4FromNumber(offset < 0 ? network.last + 1 + offset : network.first + offset);
}

function ipNet(cidr: unknown, part: unknown): string {
  const network = parseNetwork(cidr, 'ipNet');
  switch (part) {
    case 'network':
      return ipv4FromNumber(network.first);
    case 'broadcast':
      return ipv4FromNumber(network.last);
    case 'netmask':
      return cidrNetmask(network);
    case 'prefix':
      return String(network.prefixLength);
    default:
      throw new HelperError('ipNet takes "network", "netmask", "broadcast" or "prefix" second');
  }
}

/** Accepts `10.0.1.7/24` as well, since a host's own address is what metadata usually holds. */
function parseNetwork(value: unknown, helper: string): Ipv4Cidr {
  const [address = '', prefix = ''] = text(value, helper).split('/');
  const length = Number(prefix);
  const host = parseIpv4(address);
  if (host !== undefined && /^\d{1,2}$/.test(prefix) && length <= 32) {
    const size = 2 ** (32 - length);
    const number = host.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
    const cidr = parseCidr(`${ipv4FromNumber(number - (number % size))}/${length}`);
    if (cidr !== undefined) return cidr;
  }
  throw new HelperError(`${helper} takes a network such as 10.0.1.0/24, not ${JSON.stringify(value)}`);
}

/** Hashing one password takes 5,000 rounds, and templates are rendered often: results are kept. */
const hashes = new Map<string, string>();
const HASHES_MAX = 1000;

function sha512Crypt(password: unknown, salt: unknown): string {
  const plain = text(password, 'sha512Crypt');
  // The same input must render the same config, so that without a salt one is derived and not drawn.
  const chosen =
    typeof salt === 'string'
      ? salt
      : createHash('sha512').update(`railhead\0${plain}`).digest('hex').slice(0, 16);
  if (!/^[./0-9A-Za-z]{1,16}$/.test(chosen)) {
    throw new HelperError('sha512Crypt takes a salt of 1 to 16 letters, digits, dots and slashes');
  }
  const key = `${chosen}$${plain}`;
  let hash = hashes.get(key);
  if (hash === undefined) {
    hash = encrypt(plain, `$6$${chosen}`);
    if (hashes.size >= HASHES_MAX) hashes.clear();
    hashes.set(key, hash);
  }
  return hash;
}

/** Handlebars' `each` over lists and objects, within the budget of the rendering. */
function eachWithinBudget(this: unknown, items: unknown, options: HelperOptions): string {
  const data = options.data as { budget: RenderBudget } & Record<string, unknown>;
  const entries: [string | number, unknown][] = Array.isArray(items)
    ? items.map((item, index) => [index, item])
    : typeof items === 'object' && items !== null
      ? Object.entries(items)
      : [];
  if (entries.length === 0) return options.inverse(this);
  let output = '';
  entries.forEach(([key, item], index) => {
    if (--data.budget.iterations < 0) {
      throw new HelperError(`loops visit more than ${ITERATIONS_MAX} items`);
    }
    const frame = {
      ...data,
      _parent: data,
      key,
      index,
      first: index === 0,
      last: index === entries.length - 1,
    };
    const rendered = options.fn(item, { data: frame, blockParams: [item, key] });
    data.budget.characters -= rendered.length;
    if (data.budget.characters < 0)
      throw new HelperError(`loops write more than ${LOOP_OUTPUT_MAX} characters`);
    output += rendered;
  });
  return output;
}
