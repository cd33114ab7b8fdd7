import { cleanPath, isAbsolutePath } from './go-path.ts';

/** Says what is wrong with a path of a file, directory, link or device, or returns undefined. */
export function findPathFault(path: string): string | undefined {
  if (path === '') return 'path not specified';
  if (!isAbsolutePath(path)) return 'path not absolute';
  return cleanPath(path) === path ? undefined : 'path is not fully simplified';
}

/** The length limits of labels are in bytes, although their messages say characters. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}
