import { createHash } from 'node:crypto';
import { encrypt } from 'unixcrypt';
import { stringify } from 'yaml';
import { type Ipv4Address, ipv4FromNumber, parseIpv4 } from '../../protocol/ipv4-address.ts';
import { cidrNetmask, type Ipv4Cidr, parseCidr } from '../../protocol/ipv4-cidr.ts';
import { COMPARISON_HELPERS } from './comparison-helpers.ts';
import { HelperError, kindOf } from './helper-error.ts';
import { ReportedText } from './reported-text.ts';
import type { HelperCall, ValueHelper } from './value-helper.ts';

const INDENT_MAX = 200;
const JSON_INDENT_MAX = 10;
/** Limits on a value that is written as JSON or YAML: values in it, and levels of nesting. */
const NODES_MAX = 100_000;
const DEPTH_MAX = 100;
/** A hash takes some ten milliseconds. */
const STEPS_OF_HASH = 10_000;

/**
 * The helpers that templates may use beside the blocks. A helper throws HelperError for arguments that it cannot
 * handle, and reads nothing but its arguments.
 */
export const VALUE_HELPERS: Readonly<Record<string, ValueHelper>> = {
  ...COMPARISON_HELPERS,
  json: { arity: [1, 1], options: ['indent'], quotes: true, run: ([value], call) => json(value, call) },
  yaml: { arity: [1, 1], quotes: true, run: ([value], call) => yaml(value, call) },
  base64: { arity: [1, 1], quotes: true, run: ([value], call) => base64(value, call) },
  indent: { arity: [2, 2], run: ([width, value], call) => indent(width, value, call) },
  default: {
    arity: [2, 2],
    lenient: true,
    run: ([value, fallback]) => (isEmpty(value) ? fallback : value),
  },
  required: { arity: [2, 2], lenient: true, run: ([value, message]) => required(value, message) },
  lower: { arity: [1, 1], run: ([value]) => text(value, 'lower', 0).toLowerCase() },
  upper: { arity: [1, 1], run: ([value]) => text(value, 'upper', 0).toUpperCase() },
  replace: { arity: [3, 3], run: (args, call) => replace(args, call) },
  join: { arity: [2, 2], run: ([list, separator], call) => join(list, separator, call) },
  ipHost: { arity: [2, 2], run: ([cidr, number]) => ipHost(cidr, number) },
  ipNet: { arity: [2, 2], run: ([cidr, part]) => ipNet(cidr, part) },
  sha512Crypt: { arity: [1, 2], run: ([password, salt], call) => sha512Crypt(password, salt, call) },
};

/** A scalar as text; `index` counts the helper's arguments from 0. */
function text(value: unknown, helper: string, index: number): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new HelperError(`${helper} takes a text`, { argument: { index, is: kindOf(value) } });
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

function json(value: unknown, { hash, budget }: HelperCall): unknown {
  const { indent: width = 0 } = hash;
  if (typeof width !== 'number' || !Number.isInteger(width) || width < 0 || width > JSON_INDENT_MAX) {
    throw new HelperError(`json takes an indent from 0 to ${JSON_INDENT_MAX}, as in {{json a indent=2}}`);
  }
  const { nodes, depth, reported } = measure(value, 'json');
  const compact = JSON.stringify(value);
  // At most one line for each value and each bracket, indented by its level.
  budget.write(compact.length + 2 * nodes * depth * width);
  const written = width === 0 ? compact : JSON.stringify(value, null, width);
  return reported ? new ReportedText(written, true) : written;
}

function yaml(value: unknown, { budget }: HelperCall): unknown {
  const { nodes, depth, reported } = measure(value, 'yaml');
  const plain: unknown = JSON.parse(JSON.stringify(value));
  budget.write(nodes * depth * 2);
  budget.step(nodes);
  const written = stringify(plain, { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd();
  return reported ? new ReportedText(written, true) : written;
}

/** Checks a value before it is written: its size, and that it is not the mapping of all variables. */
function measure(value: unknown, helper: string): { nodes: number; depth: number; reported: boolean } {
  let nodes = 0;
  let deepest = 0;
  let reported = false;
  const visit = (node: unknown, depth: number): void => {
    nodes++;
    deepest = Math.max(deepest, depth);
    if (nodes > NODES_MAX) throw new HelperError(`${helper} takes at most ${NODES_MAX} values`);
    if (depth > DEPTH_MAX) throw new HelperError(`${helper} takes at most ${DEPTH_MAX} levels`);
    if (node instanceof ReportedText) reported = true;
    else if (Array.isArray(node)) for (const item of node) visit(item, depth + 1);
    else if (typeof node === 'object' && node !== null) {
      if (isWholeContext(node)) {
        throw new HelperError(
          `${helper} of all variables at once would write every secret of the machine: name the variable`,
        );
      }
      for (const item of Object.values(node)) visit(item, depth + 1);
    }
  };
  if (value === null || value === undefined) {
    throw new HelperError(`${helper} takes a value`, { argument: { index: 0, is: kindOf(value) } });
  }
  visit(value, 1);
  return { nodes, depth: deepest, reported };
}

/** Whether this is the mapping of all variables: only that has all the reserved variables. */
export function isWholeContext(value: object): boolean {
  return ['ignition_url', 'server', 'request', 'profile', 'group'].every((name) =>
    Object.hasOwn(value, name),
  );
}

function base64(value: unknown, { budget }: HelperCall): string {
  const plain = text(value, 'base64', 0);
  budget.write(plain.length * 2);
  return Buffer.from(plain, 'utf8').toString('base64');
}

function indent(width: unknown, value: unknown, { budget }: HelperCall): string {
  if (typeof width !== 'number' || !Number.isInteger(width) || width < 0 || width > INDENT_MAX) {
    throw new HelperError(`indent takes a width from 0 to ${INDENT_MAX} first, as in {{indent 8 text}}`);
  }
  // The template has already indented the first line, so only the others are indented here.
  const lines = text(value, 'indent', 1).trimEnd().split('\n');
  budget.write(lines.length * width);
  return lines.join(`\n${' '.repeat(width)}`);
}

function replace([value, from, to]: readonly unknown[], { budget }: HelperCall): string {
  const [whole, old, fresh] = [text(value, 'replace', 0), text(from, 'replace', 1), text(to, 'replace', 2)];
  if (old === '') throw new HelperError('replace takes the text to look for second, which is empty here');
  const parts = whole.split(old);
  budget.write(whole.length + (parts.length - 1) * fresh.length);
  return parts.join(fresh);
}

function join(list: unknown, separator: unknown, { budget }: HelperCall): unknown {
  if (!Array.isArray(list)) {
    throw new HelperError('join takes a list first', { argument: { index: 0, is: kindOf(list) } });
  }
  const between = text(separator, 'join', 1);
  const items = list.map((item: unknown): string => {
    const plain = item instanceof ReportedText ? item.text : item;
    if (typeof plain === 'string') return plain;
    if (typeof plain === 'number' || typeof plain === 'boolean') return String(plain);
    throw new HelperError(`join takes a list of texts, and one item is ${kindOf(plain)}`);
  });
  budget.write(items.length * between.length);
  const joined = items.join(between);
  return list.some((item) => item instanceof ReportedText) ? new ReportedText(joined) : joined;
}

function required(value: unknown, message: unknown): unknown {
  if (!isEmpty(value)) return value;
  throw new HelperError(typeof message === 'string' ? message : 'a required value is missing');
}

function ipHost(cidr: unknown, number: unknown): Ipv4Address {
  const network = parseNetwork(cidr, 'ipHost');
  const offset = typeof number === 'string' ? Number(number) : number;
  const size = network.last - network.first + 1;
  if (typeof offset !== 'number' || !Number.isInteger(offset) || offset >= size || offset < -size) {
    throw new HelperError('ipHost takes the number of a host in the network second', {
      argument: { index: 1, is: 'none of that network' },
    });
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

/** Accepts `10.0.1.7/24` as well, since metadata usually has a host's own address. */
function parseNetwork(value: unknown, helper: string): Ipv4Cidr {
  const [address = '', prefix = ''] = text(value, helper, 0).split('/');
  const length = Number(prefix);
  const host = parseIpv4(address);
  if (host !== undefined && /^\d{1,2}$/.test(prefix) && length <= 32) {
    const size = 2 ** (32 - length);
    const number = host.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
    const cidr = parseCidr(`${ipv4FromNumber(number - (number % size))}/${length}`);
    if (cidr !== undefined) return cidr;
  }
  const is = `${kindOf(value)} of another form`;
  throw new HelperError(`${helper} takes a network such as 10.0.1.0/24`, { argument: { index: 0, is } });
}

/** Hashing one password takes 5,000 rounds, and templates are rendered often: results are kept. */
const HASHES = new Map<string, string>();
const HASHES_MAX = 1000;

function sha512Crypt(password: unknown, salt: unknown, { budget }: HelperCall): string {
  const plain = text(password, 'sha512Crypt', 0);
  if (plain.length > 1024) throw new HelperError('sha512Crypt takes a password of at most 1024 characters');
  // The same input must render the same config, so a missing salt is derived from the password and not random.
  const chosen =
    salt === undefined
      ? createHash('sha512').update(`railhead\0${plain}`).digest('hex').slice(0, 16)
      : text(salt, 'sha512Crypt', 1);
  if (!/^[./0-9A-Za-z]{1,16}$/.test(chosen)) {
    throw new HelperError('sha512Crypt takes a salt of 1 to 16 letters, digits, dots and slashes');
  }
  const key = `${chosen}$${plain}`;
  let hash = HASHES.get(key);
  if (hash === undefined) {
    budget.step(STEPS_OF_HASH);
    hash = encrypt(plain, `$6$${chosen}`);
    if (HASHES.size >= HASHES_MAX) HASHES.clear();
    HASHES.set(key, hash);
  }
  return hash;
}
