import { parseSemVer } from './semver.ts';
import { findSpecVersion, SPEC_VERSIONS } from './spec-version.ts';
import type { SpecVersion } from './spec-version.ts';

/** What the Accept header of a request shows about the Ignition that sent it. */
export type AcceptedSpec =
  /** Newest specification that is understood by both the client and this program. */
  | { readonly kind: 'spec'; readonly newest: SpecVersion }
  /** An Ignition that supports no specification newer than 2. */
  | { readonly kind: 'too-old'; readonly version: string }
  /** The header names no Ignition version: curl, a browser, or an Ignition behind a redirect. */
  | { readonly kind: 'not-ignition' };

const MEDIA_TYPE = 'application/vnd.coreos.ignition+json';

/** Ignition's header is short; a longer one is from another client. */
const HEADER_LENGTH_MAX = 1024;

/**
 * Reads the Accept header that Ignition sends with every fetch, such as
 * `application/vnd.coreos.ignition+json;version=3.4.0, *\/*;q=0.1`. Its version is the newest that the client parses. A
 * client that is newer than this program gets the newest specification known here.
 */
export function parseAcceptHeader(header: string | undefined): AcceptedSpec {
  if (header === undefined || header.length > HEADER_LENGTH_MAX) return { kind: 'not-ignition' };
  for (const range of header.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    if (type.toLowerCase() !== MEDIA_TYPE) continue;
    for (const parameter of parameters) {
      const value = /^version\s*=\s*"?([^"\s]*)"?$/i.exec(parameter)?.[1];
      if (value !== undefined) return acceptedSpec(value);
    }
  }
  return { kind: 'not-ignition' };
}

function acceptedSpec(text: string): AcceptedSpec {
  const version = parseSemVer(text);
  if (!version) return { kind: 'not-ignition' };
  const spec = findSpecVersion(text);
  if (spec) return { kind: 'spec', newest: spec };
  if (version.major < 3n) return { kind: 'too-old', version: text };
  // A version newer than those known here, or an experimental version that was never released or has become stable.
  const stable = SPEC_VERSIONS.filter((known) => !known.endsWith('-experimental'));
  const below = version.preRelease === '' ? version.minor : version.minor - 1n;
  const index = version.major > 3n || below >= BigInt(stable.length) ? stable.length - 1 : Number(below);
  const newest = stable[index];
  return newest ? { kind: 'spec', newest } : { kind: 'too-old', version: text };
}
