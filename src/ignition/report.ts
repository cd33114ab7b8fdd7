/** The place in a document to which an entry refers: field names and list indices from the root. */
export type Path = readonly (string | number)[];

/** The severity of an entry: only an error makes a configuration unusable. */
export type EntryKind = 'error' | 'warning' | 'info';

/** One finding about a configuration, in the shape that ignition-validate and Butane report. */
export interface Entry {
  readonly kind: EntryKind;
  readonly path: Path;
  readonly message: string;
  /** Counted from 1; 0 if the position is after the last byte; absent if the position is unknown. */
  readonly line?: number;
  /** Counted from 1, in bytes for JSON and in code points for YAML. */
  readonly col?: number;
}

/** True if any entry is an error: the configuration must not be used. */
export function isFatal(entries: readonly Entry[]): boolean {
  return entries.some((entry) => entry.kind === 'error');
}

/** Writes a path as reports do, `$.storage.files.0`; keys are written unchanged, including dots. */
export function formatPath(path: Path): string {
  return ['$', ...path].join('.');
}

/** Writes one entry in the classic one-line form, `error at $.a.0, line 1 col 2: message`, without a line end. */
export function formatEntry(entry: Entry): string {
  const place: string[] = [];
  if (entry.path.length > 0) place.push(formatPath(entry.path));
  if (entry.line !== undefined) place.push(`line ${entry.line} col ${entry.col ?? 0}`);
  const at = place.length > 0 ? ` at ${place.join(', ')}` : '';
  return `${entry.kind}${at}: ${entry.message}`;
}

/** Writes a whole report, one entry per line, each with its line end; empty without entries. */
export function formatReport(entries: readonly Entry[]): string {
  return entries.map((entry) => `${formatEntry(entry)}\n`).join('');
}
