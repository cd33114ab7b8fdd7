/**
 * URL parsing that agrees with Go's net/url about which texts are URLs and what their parts are. The WHATWG `URL` class
 * does not: it repairs URLs that Go refuses, and refuses some that Go accepts.
 */

/** The parts of a URL that Ignition uses. */
export interface GoUrl {
  /** Lower case; empty for a relative reference. */
  readonly scheme: string;
  /** The part after the scheme of a URL without a slash, as in `data:,x`. */
  readonly opaque: string;
  /** The query as written, without its question mark. */
  readonly rawQuery: string;
}

/** Parses a URL reference like Go's url.Parse; returns undefined if that fails. */
export function parseUrl(text: string): GoUrl | undefined {
  const hash = text.indexOf('#');
  const withoutFragment = hash < 0 ? text : text.slice(0, hash);
  if (hash >= 0 && hasBadEscape(text.slice(hash + 1))) return undefined;
  if (/[\0-\x1f\x7f]/.test(withoutFragment)) return undefined;
  if (withoutFragment === '*') return { scheme: '', opaque: '', rawQuery: '' };
  // A colon that no scheme precedes.
  if (withoutFragment.startsWith(':')) return undefined;

  const found = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(withoutFragment)?.[1];
  const scheme = found?.toLowerCase() ?? '';
  let rest = found === undefined ? withoutFragment : withoutFragment.slice(found.length + 1);
  let rawQuery = '';
  const question = rest.indexOf('?');
  if (question >= 0) {
    rawQuery = rest.slice(question + 1);
    rest = rest.slice(0, question);
  }
  if (!rest.startsWith('/')) {
    if (scheme !== '') return { scheme, opaque: rest, rawQuery };
    // RFC 3986 section 4.2: the first segment of a relative reference cannot contain a colon.
    if (rest.split('/', 1)[0]?.includes(':')) return undefined;
  }
  if (rest.startsWith('//') && (scheme !== '' || !rest.startsWith('///'))) {
    const slash = rest.indexOf('/', 2);
    const authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash);
    if (!isAuthority(authority)) return undefined;
    rest = slash < 0 ? '' : rest.slice(slash);
  }
  if (hasBadEscape(rest)) return undefined;
  return { scheme, opaque: '', rawQuery };
}

/**
 * The first value of a query parameter, decoded, or undefined if the query does not have it. Parts that Go's
 * url.ParseQuery drops (with a semicolon or a bad escape) do not count.
 */
export function queryValue(rawQuery: string, name: string): string | undefined {
  for (const part of rawQuery.split('&')) {
    if (part === '' || part.includes(';') || hasBadEscape(part)) continue;
    const equals = part.indexOf('=');
    if (unescapeQuery(equals < 0 ? part : part.slice(0, equals)) !== name) continue;
    return equals < 0 ? '' : unescapeQuery(part.slice(equals + 1));
  }
  return undefined;
}

function unescapeQuery(text: string): string {
  const bytes = text
    .replaceAll('+', ' ')
    .replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** Whether a percent sign is not followed by two hexadecimal digits. */
function hasBadEscape(text: string): boolean {
  return /%(?![0-9a-fA-F]{2})/.test(text);
}

function isAuthority(authority: string): boolean {
  const at = authority.lastIndexOf('@');
  if (!isHost(authority.slice(at + 1))) return false;
  const userinfo = at < 0 ? '' : authority.slice(0, at);
  return /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(userinfo) && !hasBadEscape(userinfo);
}

/** Brackets enclose only an IPv6 address, since Go 1.25.2 (CVE-2025-47912), and must begin the host. */
function isHost(host: string): boolean {
  const open = host.lastIndexOf('[');
  if (open < 0) {
    const colon = host.lastIndexOf(':');
    return (colon < 0 || isPort(host.slice(colon))) && isEncodedHost(host);
  }
  // RFC 6874: an IPv6 address in brackets, with an optional zone behind %25.
  const close = host.lastIndexOf(']');
  if (open > 0 || close < 0 || !isPort(host.slice(close + 1))) return false;
  const literal = host.slice(1, close);
  const zone = literal.indexOf('%25');
  if (zone < 0) return isIpv6(literal);
  // The percent sign itself does not belong to the zone, which must not be empty.
  return isIpv6(literal.slice(0, zone)) && isEncodedZone(literal.slice(zone)) && literal.length > zone + 3;
}

/** Whether Go's netip.ParseAddr accepts a text without a zone as an IPv6 address. */
function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const fields = halves.map((half) => (half === '' ? [] : half.split(':')));
  const last = fields.at(-1) ?? [];
  const ipv4 = last.at(-1)?.includes('.') === true ? last.pop() : undefined;
  if (ipv4 !== undefined && !/^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(ipv4))
    return false;
  const all = fields.flat();
  if (!all.every((field) => /^[0-9a-fA-F]{1,4}$/.test(field))) return false;
  const length = all.length + (ipv4 === undefined ? 0 : 2);
  return halves.length === 2 ? length < 8 : length === 8;
}

function isPort(text: string): boolean {
  return text === '' || /^:\d*$/.test(text);
}

/** Characters of a host; percent-encoding is allowed only for bytes outside ASCII and for a percent sign. */
function isEncodedHost(text: string): boolean {
  return /^(?:[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"]|[^\0-\x7f]|%25|%[89a-fA-F][0-9a-fA-F])*$/.test(text);
}

/** Characters of a zone: those of a host, which may also be percent-encoded, and an encoded space. */
function isEncodedZone(text: string): boolean {
  if (hasBadEscape(text)) return false;
  if (!/^(?:[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"]|[^\0-\x7f]|%)*$/.test(text)) return false;
  return (text.match(/%[0-9a-fA-F]{2}/g) ?? []).every((escape) => {
    const character = String.fromCharCode(parseInt(escape.slice(1), 16));
    return escape === '%25' || /[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>" ]/.test(character);
  });
}
