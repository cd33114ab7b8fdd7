/** A semantic version, as go-semver keeps it. */
export interface SemVer {
  readonly major: bigint;
  readonly minor: bigint;
  readonly patch: bigint;
  readonly preRelease: string;
  readonly metadata: string;
}

const PATTERN = /^(\d{1,32})\.(\d{1,32})\.(\d{1,32})$/;
const IDENTIFIERS = /^[0-9A-Za-z.-]*$/;
const int64Max = (1n << 63n) - 1n;

/**
 * Parses a version the way coreos/go-semver does, or returns undefined: exactly three numbers, leading zeros allowed
 * (`03.04.00` is 3.4.0), an optional pre-release after `-` and optional metadata after `+`.
 */
export function parseSemVer(text: string): SemVer | undefined {
  const plus = text.indexOf('+');
  const metadata = plus < 0 ? '' : text.slice(plus + 1);
  const beforePlus = plus < 0 ? text : text.slice(0, plus);
  const dash = beforePlus.indexOf('-');
  const preRelease = dash < 0 ? '' : beforePlus.slice(dash + 1);
  const numbers = PATTERN.exec(dash < 0 ? beforePlus : beforePlus.slice(0, dash));
  if (!numbers || !IDENTIFIERS.test(preRelease) || !IDENTIFIERS.test(metadata)) return undefined;
  const [major = 0n, minor = 0n, patch = 0n] = numbers.slice(1).map(BigInt);
  if (major > int64Max || minor > int64Max || patch > int64Max) return undefined;
  return { major, minor, patch, preRelease, metadata };
}

/** Writes a version back in its canonical spelling. */
export function formatSemVer(version: SemVer): string {
  const preRelease = version.preRelease === '' ? '' : `-${version.preRelease}`;
  const metadata = version.metadata === '' ? '' : `+${version.metadata}`;
  return `${version.major}.${version.minor}.${version.patch}${preRelease}${metadata}`;
}
