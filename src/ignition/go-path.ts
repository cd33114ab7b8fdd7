/**
 * The lexical rules of Go's `path` package, which Ignition and Butane apply to every path in a configuration.
 * node:path is not used: this code is pure, and `path.posix.normalize` keeps trailing slashes where Go drops them.
 */

/** Shortens a path like Go's path.Clean: no empty, `.` or resolvable `..` elements, no trailing slash, `.` for empty. */
export function cleanPath(path: string): string {
  const rooted = path.startsWith('/');
  const kept: string[] = [];
  for (const element of path.split('/')) {
    if (element === '' || element === '.') continue;
    if (element !== '..') kept.push(element);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!rooted) kept.push('..');
  }
  const cleaned = kept.join('/');
  return rooted ? `/${cleaned}` : cleaned || '.';
}

/** Joins path elements like Go's path.Join: empty ones are skipped, the result is cleaned; empty if all are empty. */
export function joinPath(...elements: string[]): string {
  const present = elements.filter((element) => element !== '');
  return present.length === 0 ? '' : cleanPath(present.join('/'));
}

/** Whether a path starts at the root, like Go's path.IsAbs. */
export function isAbsolutePath(path: string): boolean {
  return path.startsWith('/');
}

/** The extension of the last path element with its dot, like Go's path.Ext, or an empty string. */
export function pathExtension(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot < 0 ? '' : name.slice(dot);
}
