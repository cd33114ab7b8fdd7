/** The path that the name in a request leads to, or why there is none. */
export type RequestedPath =
  /** Segments joined by `/`; none of them is empty, `.` or `..`. */
  | { readonly kind: 'path'; readonly path: string }
  /** The client was given a URL, but supports only TFTP. */
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'refused'; readonly reason: string };

const URL_TEXT = /^(?:https?|tftp):\/\//i;
const DRIVE = /^[a-z]:/i;

/**
 * Makes a path from the name in a request: relative, with `/` between its segments. shim sends backslashes
 * (rhboot/shim#300), iPXE no leading slash, others one or two. A percent sign is an ordinary character: TFTP has no
 * escapes.
 */
export function requestedPath(filename: string): RequestedPath {
  if (URL_TEXT.test(filename)) return { kind: 'url', url: filename };
  // Decoded names contain none of these, but this is the last check before a path is made.
  if (/[\0-\x1f\x7f]/.test(filename))
    return { kind: 'refused', reason: 'the name contains a control character' };
  const segments = filename
    .replaceAll('\\', '/')
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..')) return { kind: 'refused', reason: 'the name leads out of the served folder' };
  if (DRIVE.test(segments[0] ?? '')) return { kind: 'refused', reason: 'the name contains a drive letter' };
  if (segments.length === 0) return { kind: 'refused', reason: 'the name is empty' };
  return { kind: 'path', path: segments.join('/') };
}
