import type { Entry, Path } from '../ignition/report.ts';
import type { SpecVersion } from '../ignition/spec-version.ts';
import { specMinor } from '../ignition/spec-version.ts';
import { FilesError } from './butane-files.ts';
import type { ButaneFiles, Containment } from './butane-files.ts';

/**
 * Maximum total size in bytes of the files that one document embeds; far more than a machine can be sent in its
 * configuration.
 */
const MAX_EMBEDDED_BYTES = 128 * 1024 * 1024;

/**
 * The state that the steps of a translation share: the target, the files, and the entries, with paths of the document.
 */
export class TranslationContext {
  readonly spec: SpecVersion;
  /** Minor version of the Ignition specification. */
  readonly minor: number;
  readonly files: ButaneFiles | undefined;
  readonly containment: Containment;
  readonly entries: Entry[] = [];
  #embeddedBytes = 0;

  constructor(spec: SpecVersion, files: ButaneFiles | undefined, containment: Containment) {
    this.spec = spec;
    this.minor = specMinor(spec);
    this.files = files;
    this.containment = containment;
  }

  /** Reports an error; the path is copied. */
  error(message: string, path: Path): void {
    this.entries.push({ kind: 'error', path: [...path], message });
  }

  /** Runs an operation on files; if it fails, the error is reported and the result is undefined. */
  attempt<T>(path: Path, action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof FilesError)) throw error;
      this.error(error.message, path);
      return undefined;
    }
  }

  /** Reads a file to embed; if it cannot be read or is too large, that is reported and the result is undefined. */
  embed(path: Path, read: () => Uint8Array): Uint8Array | undefined {
    const bytes = this.attempt(path, read);
    if (!bytes) return undefined;
    this.#embeddedBytes += bytes.length;
    if (this.#embeddedBytes <= MAX_EMBEDDED_BYTES) return bytes;
    this.error('the document embeds more than 128 MiB of files; let machines fetch the large ones', path);
    return undefined;
  }
}
