import type { HttpHeader, Ignition, Proxy, Resource } from './config.ts';
import { findDataUrlFault } from './data-url.ts';
import { parseUrl, queryValue } from './go-url.ts';
import type { GoUrl } from './go-url.ts';
import type { ValidationContext } from './validation-context.ts';

/** Says why a URL cannot be a source in the specification under validation, or returns undefined. */
export function findSourceFault(source: string, context: ValidationContext): string | undefined {
  const url = parseUrl(source);
  if (!url) return 'unable to parse url';
  const { minor, options } = context;
  switch (url.scheme) {
    case 'http':
    case 'https':
    case 'tftp':
      return undefined;
    case 'gs':
      return minor >= 2 ? undefined : 'invalid url scheme';
    case 's3':
      return findVersionIdFault(url);
    case 'arn':
      return minor >= 4 ? findArnFault(url) : 'invalid url scheme';
    case 'data':
      return findDataUrlFault(source);
    default:
      return options.extraSchemes?.includes(url.scheme) ? undefined : 'invalid url scheme';
  }
}

function findVersionIdFault(url: GoUrl): string | undefined {
  return queryValue(url.rawQuery, 'versionId') === '' ? 'invalid S3 object VersionId' : undefined;
}

/** An Amazon Resource Name of an S3 object: `arn:PARTITION:s3:REGION:ACCOUNT:BUCKET/KEY`, or an access point's. */
function findArnFault(url: GoUrl): string | undefined {
  const invalid = 'invalid S3 ARN format';
  const sections = url.opaque.split(':');
  if (sections.length < 5) return invalid;
  const segments = url.opaque.split('/').length;
  const isAccessPoint = sections.slice(4).join(':').startsWith('accesspoint/');
  if (sections[1] !== 's3' || segments < (isAccessPoint ? 3 : 2)) return invalid;
  return findVersionIdFault(url);
}

/** A source that is optional: it may be unset or empty. */
function findOptionalSourceFault(source: string | undefined, context: ValidationContext): string | undefined {
  return source ? findSourceFault(source, context) : undefined;
}

function findRequiredSourceFault(source: string | undefined, context: ValidationContext): string | undefined {
  return source ? findSourceFault(source, context) : 'source is required';
}

function findHeadersFault(resource: Resource): string | undefined {
  if (!resource.httpHeaders?.length) return undefined;
  const url = resource.source ? parseUrl(resource.source) : undefined;
  if (!url) return 'unable to parse url';
  const isHttp = url.scheme === 'http' || url.scheme === 'https';
  return isHttp ? undefined : 'cannot use HTTP headers with this source scheme';
}

/** Rules of Resource, and of FileContents in 3.0.0, which has no headers. */
export function checkResource(resource: Resource, context: ValidationContext): void {
  const { compression = '', source, verification } = resource;
  if (compression !== '' && compression !== 'gzip') {
    context.error('invalid compression method', 'compression');
  }
  if (verification?.hash !== undefined && source === undefined) {
    context.error('source must be specified if verification is specified', 'verification', 'hash');
  }
  context.error(findOptionalSourceFault(source, context), 'source');
  context.error(findHeadersFault(resource), 'httpHeaders');
}

/** Rules of ConfigReference, which only 3.0.0 has. */
export function checkConfigReference(reference: Resource, context: ValidationContext): void {
  context.error(findOptionalSourceFault(reference.source, context), 'source');
}

/** Rules of CaReference, which only 3.0.0 has. */
export function checkCaReference(reference: Resource, context: ValidationContext): void {
  context.error(findSourceFault(reference.source ?? '', context), 'source');
}

/** Rules of HTTPHeader; a header without a value is allowed, because it removes an inherited one. */
export function checkHttpHeader({ name = '', value }: HttpHeader, context: ValidationContext): void {
  if (name === '') context.error("HTTP header name can't be empty", 'name');
  if (value === '') context.error('unable to parse HTTP header', 'value');
}

/** Rules of Verification: the hash is measured, not decoded. */
export function checkVerification({ hash }: { hash?: string }, context: ValidationContext): void {
  if (hash === undefined) return;
  const dash = hash.indexOf('-');
  if (dash < 0) {
    context.error('malformed hash specifier', 'hash');
    return;
  }
  const name = hash.slice(0, dash);
  const digits = name === 'sha512' ? 128 : name === 'sha256' && context.minor >= 1 ? 64 : undefined;
  if (digits === undefined) context.error('unrecognized hash function', 'hash');
  else if (Buffer.byteLength(hash) - dash - 1 !== digits)
    context.error('incorrect size for hash sum', 'hash');
}

/**
 * Rules of IgnitionConfig and TLS: from 3.1.0 on, configurations to merge and certificate authorities need a source.
 */
export function checkIgnitionConfig(
  { merge = [] }: NonNullable<Ignition['config']>,
  context: ValidationContext,
): void {
  if (context.minor < 1) return;
  for (const [index, { source }] of merge.entries()) {
    context.error(findRequiredSourceFault(source, context), 'merge', index);
  }
}

/** See checkIgnitionConfig. */
export function checkTls(
  { certificateAuthorities = [] }: { certificateAuthorities?: Resource[] },
  context: ValidationContext,
): void {
  if (context.minor < 1) return;
  for (const [index, { source }] of certificateAuthorities.entries()) {
    context.error(findRequiredSourceFault(source, context), 'certificateAuthorities', index);
  }
}

/** Rules of Proxy. */
export function checkProxy({ httpProxy, httpsProxy }: Proxy, context: ValidationContext): void {
  checkProxyUrl(httpProxy, 'httpProxy', context);
  const scheme = checkProxyUrl(httpsProxy, 'httpsProxy', context);
  if (scheme === 'http') {
    context.warn('insecure plaintext HTTP proxy specified for HTTPS resources', 'httpsProxy');
  }
}

function checkProxyUrl(
  proxy: string | undefined,
  name: string,
  context: ValidationContext,
): string | undefined {
  if (proxy === undefined) return undefined;
  const url = parseUrl(proxy);
  if (!url) context.error('unable to parse url', name);
  else if (url.scheme !== 'http' && url.scheme !== 'https') context.error('proxies must be http(s)', name);
  return url?.scheme;
}
