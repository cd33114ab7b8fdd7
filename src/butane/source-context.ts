import type { Entry, Path } from '../ignition/report.ts';
import type { SpecVersion } from '../ignition/spec-version.ts';

/** What a rule gets besides the value: where to report what it finds, and what it can look up. */
export interface SourceContext {
  readonly spec: SpecVersion;
  /** Minor version of the Ignition specification. */
  readonly minor: number;
  readonly isFcos: boolean;
  /** Path of the value under validation. */
  readonly path: Path;
  error(message: string, ...below: Path): void;
  warn(message: string, ...below: Path): void;
  add(entries: readonly Entry[]): void;
}
