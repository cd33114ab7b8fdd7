import { describe, expect, test } from 'vitest';
import { parseAcceptHeader } from '../../src/ignition/accept-header.ts';
import { acceptsSpec, findReleaseIgnition } from '../../src/ignition/flatcar-releases.ts';

describe('the Accept header', () => {
  const ignition = (version: string) => `application/vnd.coreos.ignition+json;version=${version}, */*;q=0.1`;

  // The first three were recorded from Ignition 2.14, 2.19 and 2.20.
  test.each([
    [ignition('3.3.0'), { kind: 'spec', newest: '3.3.0' }],
    [ignition('3.4.0'), { kind: 'spec', newest: '3.4.0' }],
    [ignition('3.5.0'), { kind: 'spec', newest: '3.5.0' }],
    [
      '*/*;q=0.1,APPLICATION/vnd.coreos.ignition+json; q=1; Version="3.4.0"',
      { kind: 'spec', newest: '3.4.0' },
    ],
    [ignition('3.7.0-experimental'), { kind: 'spec', newest: '3.7.0-experimental' }],
    // Newer than what is known here, or experimental for a version that is stable by now.
    [ignition('3.8.0'), { kind: 'spec', newest: '3.6.0' }],
    [ignition('3.8.0-experimental'), { kind: 'spec', newest: '3.6.0' }],
    [ignition('4.0.0'), { kind: 'spec', newest: '3.6.0' }],
    [ignition('3.5.0-experimental'), { kind: 'spec', newest: '3.4.0' }],
    [ignition('3.0.0-experimental'), { kind: 'too-old', version: '3.0.0-experimental' }],
    [ignition('2.3.0'), { kind: 'too-old', version: '2.3.0' }],
    [ignition('x'), { kind: 'not-ignition' }],
    ['application/vnd.coreos.ignition+json', { kind: 'not-ignition' }],
    ['*/*', { kind: 'not-ignition' }],
    ['', { kind: 'not-ignition' }],
    [undefined, { kind: 'not-ignition' }],
    [`${','.repeat(5000)}${ignition('3.4.0')}`, { kind: 'not-ignition' }],
  ])('%j', (header, accepted) => {
    expect(parseAcceptHeader(header)).toEqual(accepted);
  });
});

describe('the Ignition of Flatcar releases', () => {
  test.each([
    ['3139.2.0', 'stable', 'too-old'],
    ['3033.3.18', 'lts', 'too-old'],
    ['3227.2.0', 'stable', '2.13.0 3.3.0'],
    ['3374.2.5', 'stable', '2.14.0 3.3.0'],
    ['3510.3.6', 'lts', '2.14.0 3.3.0'],
    ['3510.2.0', 'stable', '2.14.0 3.3.0'],
    ['3535.0.0', 'alpha', '2.15.0 3.4.0'],
    ['3549.1.1', 'beta', '2.15.0 3.4.0'],
    ['3602.2.0', 'stable', '2.15.0 3.4.0'],
    ['4081.3.6', 'lts', '2.19.0 3.4.0'],
    ['4152.2.0', 'stable', '2.20.0 3.5.0'],
    ['4593.2.5', 'stable', '2.24.0 3.5.0'],
    ['4790.0.0', 'alpha', '2.24.0 3.5.0'],
    ['9999.2.0+nightly-20260801-2100', 'stable', '2.24.0 3.5.0'],
  ])('%s is %s with %s', (release, channel, ignition) => {
    const found = findReleaseIgnition(release);
    expect(found).toMatchObject({ channel });
    expect(found.kind === 'known' ? `${found.ignition} ${found.spec}` : found.kind).toBe(ignition);
  });

  test.each(['', 'stable', 'current', '4593.2', '4593.9.0', '4593.2.5.1', '-1.2.3'])(
    '%j is not a release',
    (text) => {
      expect(findReleaseIgnition(text)).toEqual({ kind: 'not-a-release' });
    },
  );

  test.each([
    ['3.4.0', '3.3.0', true],
    ['3.4.0', '3.4.0', true],
    ['3.4.0', '3.5.0', false],
    ['3.6.0', '3.7.0-experimental', false],
    ['3.7.0-experimental', '3.7.0-experimental', true],
    ['3.7.0-experimental', '3.6.0', true],
  ] as const)('an Ignition up to %s accepts %s: %s', (newest, spec, accepts) => {
    expect(acceptsSpec(newest, spec)).toBe(accepts);
  });
});
