import type { Entry, EntryKind } from './report.ts';

/** How strictly a configuration is validated. */
export interface ValidationOptions {
  /**
   * Which release's rules apply where Ignition's releases differ within one specification. `2.26`, which Butane 0.29
   * uses, refuses a disk that has both a partition to delete and one without a number, and does not support virtiofs in
   * 3.7.0-experimental. `2.27` is the default.
   */
  readonly ignition?: '2.26' | '2.27';
  /**
   * URL schemes that are accepted in addition to Ignition's own, for example `oem`, which Flatcar's Ignition supports.
   */
  readonly extraSchemes?: readonly string[];
}

/** What a rule gets besides the value: the specification, the path, and functions that report what it finds. */
export class ValidationContext {
  /** Minor number of the specification. */
  readonly minor: number;
  readonly options: ValidationOptions;
  readonly entries: Entry[] = [];
  /** Path of the value under validation; the walker pushes and pops. */
  readonly path: (string | number)[] = [];

  constructor(minor: number, options: ValidationOptions) {
    this.minor = minor;
    this.options = options;
  }

  /** Reports an error below the value under validation; does nothing if the message is undefined. */
  error(message: string | undefined, ...below: (string | number)[]): void {
    this.#add('error', message, below);
  }

  /** Reports a warning below the value under validation; does nothing if the message is undefined. */
  warn(message: string | undefined, ...below: (string | number)[]): void {
    this.#add('warning', message, below);
  }

  #add(kind: EntryKind, message: string | undefined, below: (string | number)[]): void {
    if (message !== undefined) this.entries.push({ kind, path: [...this.path, ...below], message });
  }
}
