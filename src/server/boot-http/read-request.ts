import { BlockList, isIP, isIPv4 } from 'node:net';
import type { IncomingMessage } from 'node:http';
import type { Ipv4Cidr } from '../../protocol/ipv4-cidr.ts';
import { claimsOfLabels, labelsFromQuery } from '../../provision/selection/labels.ts';
import type { BootRequest } from './boot-request.ts';
import { takeToken } from './request-token.ts';

/** What reading a request depends on. */
export interface RequestSettings {
  /** The origin to use in answers; by default the address and port that the client connected to. */
  readonly publicUrl?: string | undefined;
  readonly trustedProxies: readonly Ipv4Cidr[];
}

/** Maximum length of a query in characters; a machine's own has a few hundred. */
const QUERY_LENGTH_MAX = 4096;

/** What is wrong with a request, before its path is looked up. */
export interface UnreadableRequest {
  readonly status: number;
  readonly reason: string;
}

/** Reads requests of the boot plane; created once, since it compiles the list of proxies. */
export class RequestReader {
  readonly #publicUrl: string | undefined;
  readonly #proxies = new BlockList();

  constructor(settings: RequestSettings) {
    this.#publicUrl = settings.publicUrl;
    for (const { text, prefixLength } of settings.trustedProxies) {
      this.#proxies.addSubnet(text.split('/')[0] ?? '', prefixLength);
    }
  }

  /** The request as values, or why it is invalid. The Host header is not used: UEFI firmware omits its port. */
  read(request: IncomingMessage): BootRequest | UnreadableRequest {
    const { method = 'GET', socket, url = '/' } = request;
    if (!url.startsWith('/'))
      return {
        status: 400,
        reason: 'the request line has an absolute URL, but this server is not a proxy; send the path alone',
      };
    const mark = url.indexOf('?');
    const query = mark === -1 ? '' : url.slice(mark + 1);
    if (query.length > QUERY_LENGTH_MAX) {
      return {
        status: 414,
        reason: `the query has ${query.length} characters, more than ${QUERY_LENGTH_MAX}`,
      };
    }
    const { rawQuery, token } = takeToken(query);
    const path = decodePath(mark === -1 ? url : url.slice(0, mark));
    if (path === undefined)
      return { status: 400, reason: 'the path has an invalid percent-escape or a control character' };
    const remoteAddress = this.#clientAddress(request);
    if (remoteAddress === undefined) {
      return { status: 400, reason: 'the client entry of X-Forwarded-For is not an IP address' };
    }
    const labels = labelsFromQuery(new URLSearchParams(rawQuery));
    return {
      method,
      path,
      rawQuery,
      token,
      labels,
      claims: claimsOfLabels(labels),
      remoteAddress,
      origin:
        this.#publicUrl ?? `http://${hostOf(plainAddress(socket.localAddress))}:${socket.localPort ?? 0}`,
      accept: request.headers.accept,
    };
  }

  /**
   * The last address in X-Forwarded-For that is not one of our proxies, if one of them sent the request; undefined if
   * that entry is not an address. The entries before it were written by the client, and cannot be trusted.
   */
  #clientAddress(request: IncomingMessage): string | undefined {
    const peer = plainAddress(request.socket.remoteAddress);
    const header = request.headers['x-forwarded-for'];
    if (typeof header !== 'string' || !this.#isProxy(peer)) return peer;
    const hops = header.split(',').flatMap((hop) => (hop.trim() === '' ? [] : [addressOfHop(hop.trim())]));
    const client = hops.findLast((hop) => !this.#isProxy(hop)) ?? peer;
    return isIP(client) === 0 ? undefined : client;
  }

  #isProxy(address: string): boolean {
    return isIPv4(address) && this.#proxies.check(address);
  }
}

/**
 * The path with its escapes decoded; undefined if it contains invalid escapes or control characters. Repeated slashes
 * and `.` segments are removed: they arise where a prefix with a final slash is put before a path that begins with one,
 * and name the same file (RFC 3986 section 6.2.2.3). `..` is kept, and matches no path that is served.
 */
function decodePath(raw: string): string | undefined {
  let path: string;
  try {
    path = decodeURIComponent(raw);
  } catch {
    return undefined;
  }
  if (/[\0-\x1f\x7f]/.test(path)) return undefined;
  return path.includes('//') || path.includes('/.') ? path.replace(/\/(?:\.?(?=\/)|\.$)/g, '') || '/' : path;
}

/** An entry of X-Forwarded-For without the port that some proxies append. */
function addressOfHop(hop: string): string {
  const [, bracketed, ipv4] = /^(?:\[([0-9a-f:.]+)\](?::\d+)?|([0-9.]+):\d+)$/i.exec(hop) ?? [];
  return plainAddress(bracketed ?? ipv4 ?? hop);
}

/** On a socket that also accepts IPv6, addresses of IPv4 clients have a prefix. */
function plainAddress(address = ''): string {
  return address.replace(/^::ffff:/, '');
}

function hostOf(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
