/** What the name in a request comes to. */
export type RequestedPath =
  /** Segments joined by `/`; none of them is empty, `.` or `..`. */
  | { readonly kind: 'path'; readonly path: string }
  /** The client was told a URL, and cannot do more than TFTP. */
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'refused'; readonly reason: string };

const URL_TEXT = /^(?:https?|tftp):\/\//i;
const DRIVE = /^[a-z]:/i;

/**
 * Makes a path out of the name in a request: relative, with `/` between its segments. shim asks with backslashes
 * (rhboot/shim#300), iPXE without a leading slash, others with one or two. A percent sign is a character like any
 * other: TFTP has no escapes.
 */
export function requestedPath(filename: string): RequestedPath {
  if (URL_TEXT.test(filename)) return { kind: 'url', url: filename };
  // Decoded names have none of these, but this function is the last to look before a path is made.
  if (/[\0-\x1f\x7f]/.test(filename)) return { kind: 'refused', reason: 'control character in the name' };
  const segments = filename
    .replaceAll('\\', '/')
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..')) return { kind: 'refused', reason: 'name leads out of the served folder' };
  if (DRIVE.test(segments[0] ?? '')) return { kind: 'refused', reason: 'drive letter in the name' };
  if (segments.length === 0) return { kind: 'refused', reason: 'name of no file' };
  return { kind: 'path', path: segments.join('/') };
}
