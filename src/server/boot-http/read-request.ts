import { BlockList, isIPv6 } from 'node:net';
import type { IncomingMessage } from 'node:http';
import type { Ipv4Cidr } from '../../protocol/ipv4-cidr.ts';
import { labelsFromQuery } from '../../provision/selection/labels.ts';
import type { BootRequest } from './boot-request.ts';

/** What reading a request depends on. */
export interface RequestSettings {
  /** The origin to put into answers; by default the address and port that the client asked. */
  readonly publicUrl?: string | undefined;
  readonly trustedProxies: readonly Ipv4Cidr[];
}

/** Characters of a query; a machine's own is a few hundred. */
const QUERY_LENGTH_MAX = 4096;

/** What is wrong with a request before anybody looks at what it asks for. */
export interface UnreadableRequest {
  readonly status: number;
  readonly reason: string;
}

/** Reads requests of the boot plane; made once, since it compiles the list of proxies. */
export class RequestReader {
  readonly #publicUrl: string | undefined;
  readonly #proxies = new BlockList();

  constructor(settings: RequestSettings) {
    this.#publicUrl = settings.publicUrl;
    for (const { text, prefixLength } of settings.trustedProxies) {
      this.#proxies.addSubnet(text.split('/')[0] ?? '', prefixLength);
    }
  }

  /** The request as values, or why it cannot be read. Looks at no Host header: UEFI firmware leaves out its port. */
  read(request: IncomingMessage): BootRequest | UnreadableRequest {
    const { method = 'GET', socket, url = '/' } = request;
    if (!url.startsWith('/'))
      return { status: 400, reason: 'the request names a whole URL, and this is no proxy' };
    const mark = url.indexOf('?');
    const rawQuery = mark === -1 ? '' : url.slice(mark + 1);
    if (rawQuery.length > QUERY_LENGTH_MAX) {
      return {
        status: 414,
        reason: `the query has ${rawQuery.length} characters, more than ${QUERY_LENGTH_MAX}`,
      };
    }
    const path = decodePath(mark === -1 ? url : url.slice(0, mark));
    if (path === undefined) return { status: 400, reason: 'the path is not well-formed' };
    return {
      method,
      path,
      rawQuery,
      labels: labelsFromQuery(new URLSearchParams(rawQuery)),
      remoteAddress: this.#clientAddress(request),
      origin:
        this.#publicUrl ?? `http://${hostOf(plainAddress(socket.localAddress))}:${socket.localPort ?? 0}`,
      accept: request.headers.accept,
    };
  }

  /** The last address in X-Forwarded-For that is no proxy of ours, if a proxy of ours sends it. */
  #clientAddress(request: IncomingMessage): string {
    const peer = plainAddress(request.socket.remoteAddress);
    const header = request.headers['x-forwarded-for'];
    if (typeof header !== 'string' || !this.#isProxy(peer)) return peer;
    const hops = header.split(',').map((hop) => hop.trim());
    const client = hops.reverse().find((hop) => !this.#isProxy(hop));
    return client !== undefined && /^[0-9a-f.:]+$/i.test(client) ? client : peer;
  }

  #isProxy(address: string): boolean {
    return !isIPv6(address) && this.#proxies.check(address);
  }
}

function decodePath(raw: string): string | undefined {
  try {
    const path = decodeURIComponent(raw);
    return /[\0-\x1f\x7f]/.test(path) ? undefined : path;
  } catch {
    return undefined;
  }
}

/** IPv4 clients of a socket that also takes IPv6 come with a prefix. */
function plainAddress(address = ''): string {
  return address.replace(/^::ffff:/, '');
}

function hostOf(address: string): string {
  return isIPv6(address) ? `[${address}]` : address;
}
