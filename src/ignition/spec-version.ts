import { formatSemVer, parseSemVer } from './semver.ts';

/** Every supported Ignition specification, oldest first; the index is the minor version. */
export const SPEC_VERSIONS = [
  '3.0.0',
  '3.1.0',
  '3.2.0',
  '3.3.0',
  '3.4.0',
  '3.5.0',
  '3.6.0',
  '3.7.0-experimental',
] as const;

/** The version of an Ignition specification, as written in `ignition.version`. */
export type SpecVersion = (typeof SPEC_VERSIONS)[number];

/** The minor number of a specification, which the schema tables and the rules compare. */
export function specMinor(spec: SpecVersion): number {
  return SPEC_VERSIONS.indexOf(spec);
}

/**
 * Finds the specification that a text names, or undefined if it is not a version or not one of `specVersions`.
 * Spellings that Ignition treats as equal are accepted, for example `03.4.0`. A version that has become stable must not
 * have `-experimental`.
 */
export function findSpecVersion(text: string): SpecVersion | undefined {
  const version = parseSemVer(text);
  if (!version) return undefined;
  const canonical = formatSemVer(version);
  return SPEC_VERSIONS.find((spec) => spec === canonical);
}

/** Orders two specifications: negative if `a` is older than `b`, 0 if they are the same. */
export function compareSpecVersions(a: SpecVersion, b: SpecVersion): number {
  return specMinor(a) - specMinor(b);
}

/** Whether an Ignition that accepts specifications up to `newest` accepts a configuration of `spec`. */
export function acceptsSpec(newest: SpecVersion, spec: SpecVersion): boolean {
  // An experimental specification is accepted only by builds of exactly that version.
  if (spec.endsWith('-experimental')) return spec === newest;
  return compareSpecVersions(spec, newest) <= 0;
}
