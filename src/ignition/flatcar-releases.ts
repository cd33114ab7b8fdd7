import { compareSpecVersions } from './spec-version.ts';
import type { SpecVersion } from './spec-version.ts';

/** A channel of Flatcar releases. */
export type FlatcarChannel = 'alpha' | 'beta' | 'stable' | 'lts';

/** From which release on a channel has which Ignition. */
export interface IgnitionIntroduction {
  /** Version of Ignition in the release. */
  readonly ignition: string;
  /** Newest specification that it accepts. */
  readonly spec: SpecVersion;
  /** First release of each channel that has it, where one does. */
  readonly first: Readonly<Partial<Record<FlatcarChannel, string>>>;
}

/**
 * The Ignition of Flatcar's releases, oldest first. Releases before the first entry have Ignition 0.x, which knows no
 * specification 3. LTS releases continue a stable release of the same major number.
 * Source: the release data of the Flatcar web site.
 */
export const ignitionIntroductions: readonly IgnitionIntroduction[] = [
  {
    ignition: '2.13.0',
    spec: '3.3.0',
    first: { alpha: '3185.0.0', beta: '3185.1.0', stable: '3227.2.0' },
  },
  {
    ignition: '2.14.0',
    spec: '3.3.0',
    first: { alpha: '3277.0.0', beta: '3277.1.0', stable: '3374.2.0', lts: '3510.3.0' },
  },
  {
    ignition: '2.15.0',
    spec: '3.4.0',
    first: { alpha: '3535.0.0', beta: '3549.1.0', stable: '3602.2.0' },
  },
  {
    ignition: '2.18.0',
    spec: '3.4.0',
    first: { alpha: '3913.0.0', beta: '3913.1.0', stable: '3975.2.0' },
  },
  {
    ignition: '2.19.0',
    spec: '3.4.0',
    first: { alpha: '4012.0.0', beta: '4012.1.0', stable: '4081.2.0', lts: '4081.3.0' },
  },
  {
    ignition: '2.20.0',
    spec: '3.5.0',
    first: { alpha: '4152.0.0', beta: '4152.1.0', stable: '4152.2.0' },
  },
  { ignition: '2.21.0', spec: '3.5.0', first: { alpha: '4344.0.0', beta: '4344.1.0' } },
  {
    ignition: '2.22.0',
    spec: '3.5.0',
    first: { alpha: '4459.0.0', beta: '4459.1.0', stable: '4459.2.0' },
  },
  {
    ignition: '2.24.0',
    spec: '3.5.0',
    first: { alpha: '4547.0.0', beta: '4547.1.0', stable: '4593.2.0' },
  },
];

/** What is known of the Ignition in one release. */
export type ReleaseIgnition =
  | {
      readonly kind: 'known';
      readonly channel: FlatcarChannel;
      readonly ignition: string;
      readonly spec: SpecVersion;
    }
  /** Older than any Ignition that knows specification 3. */
  | { readonly kind: 'too-old'; readonly channel: FlatcarChannel }
  /** Not the number of a Flatcar release. */
  | { readonly kind: 'not-a-release' };

const channels: readonly FlatcarChannel[] = ['alpha', 'beta', 'stable', 'lts'];

/**
 * Looks up the Ignition of a Flatcar release by its number, for example `4593.2.5`; its second part tells the channel.
 * A release newer than the table has at least the Ignition of the last entry.
 */
export function findReleaseIgnition(release: string): ReleaseIgnition {
  const parts = /^(\d{3,5})\.([0-3])\.(\d{1,4})(?:\+[\w.-]+)?$/.exec(release);
  const channel = channels[Number(parts?.[2])];
  if (!parts || !channel) return { kind: 'not-a-release' };
  const major = Number(parts[1]);
  // Within a channel a new Ignition comes with a new major number, never with a patch release. LTS follows stable.
  const found = ignitionIntroductions.findLast(({ first }) => {
    const from = first[channel] ?? (channel === 'lts' ? first.stable : undefined);
    return from !== undefined && Number.parseInt(from, 10) <= major;
  });
  if (!found) return { kind: 'too-old', channel };
  return { kind: 'known', channel, ignition: found.ignition, spec: found.spec };
}

/** Whether an Ignition that accepts specifications up to `newest` accepts a configuration of `spec`. */
export function acceptsSpec(newest: SpecVersion, spec: SpecVersion): boolean {
  // An experimental specification is only accepted by builds of that very version.
  if (spec.endsWith('-experimental')) return spec === newest;
  return compareSpecVersions(spec, newest) <= 0;
}
