import { formatSemVer, parseSemVer } from './semver.ts';

/** Every Ignition specification that is understood here, oldest first; the index is the minor version. */
export const specVersions = [
  '3.0.0',
  '3.1.0',
  '3.2.0',
  '3.3.0',
  '3.4.0',
  '3.5.0',
  '3.6.0',
  '3.7.0-experimental',
] as const;

/** The version of an Ignition specification, as `ignition.version` spells it. */
export type SpecVersion = (typeof specVersions)[number];

/** The minor number of a specification: what the schema tables and the rules compare. */
export function specMinor(spec: SpecVersion): number {
  return specVersions.indexOf(spec);
}

/**
 * Finds the specification that a text names, or undefined if it is no version or not one of `specVersions`.
 * Spellings that Ignition holds equal are accepted, `03.4.0` for one. A stabilised version has no `-experimental`.
 */
export function findSpecVersion(text: string): SpecVersion | undefined {
  const version = parseSemVer(text);
  if (!version) return undefined;
  const canonical = formatSemVer(version);
  return specVersions.find((spec) => spec === canonical);
}

/** Orders two specifications: negative if `a` is older than `b`, 0 if they are the same. */
export function compareSpecVersions(a: SpecVersion, b: SpecVersion): number {
  return specMinor(a) - specMinor(b);
}

/** Whether an Ignition that accepts specifications up to `newest` accepts a configuration of `spec`. */
export function acceptsSpec(newest: SpecVersion, spec: SpecVersion): boolean {
  // An experimental specification is only accepted by builds of that very version.
  if (spec.endsWith('-experimental')) return spec === newest;
  return compareSpecVersions(spec, newest) <= 0;
}
