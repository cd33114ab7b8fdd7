import { isIP } from 'node:net';
import type { IncomingHttpHeaders } from 'node:http';

/**
 * What is wrong with where a request comes from; undefined if nothing is. A page that a browser has open on some other
 * site can send requests here, and can make its own name lead to this address (DNS rebinding). Both show in the headers,
 * which a page cannot change: Host has the page's name then, and Origin the page's site. `hosts` are the names that
 * this server goes by, beside addresses and `localhost`.
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

/** The name or address in a Host header, without port and brackets; undefined if it is not well-formed. */
function nameOf(host: string): string | undefined {
  const [, bracketed, plain] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(host) ?? [];
  return (bracketed ?? plain)?.toLowerCase().replace(/\.$/, '');
}
