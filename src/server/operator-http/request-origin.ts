import { isIP } from 'node:net';
import type { IncomingHttpHeaders } from 'node:http';

/**
 * What is wrong with the origin of a request; undefined if it is allowed. A page of another site that is open in a
 * browser can send requests here, and can make its own name resolve to this address (DNS rebinding). Both are visible
 * in headers that a page cannot change: Host then contains the page's name, and Origin the page's site. `hosts` are the
 * names of this server, besides addresses and `localhost`.
 */
export function refuseOrigin(headers: IncomingHttpHeaders, hosts: readonly string[]): string | undefined {
  const { host = '', origin } = headers;
  const name = nameOf(host);
  if (name === undefined || !(isIP(name) !== 0 || name === 'localhost' || hosts.includes(name))) {
    return 'the Host header names another server; add the name to operator.hosts if it is this one';
  }
  const site = headers['sec-fetch-site'];
  if (site === 'cross-site' || site === 'same-site')
    return 'this request was sent by a page of another web site';
  if (origin === undefined) return undefined;
  const sameSite = origin === `http://${host}` || origin === `https://${host}`;
  return sameSite ? undefined : 'the Origin header names another web site';
}

/** The name or address in a Host header, without port and brackets; undefined if the header is malformed. */
function nameOf(host: string): string | undefined {
  const [, bracketed, plain] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(host) ?? [];
  return (bracketed ?? plain)?.toLowerCase().replace(/\.$/, '');
}
