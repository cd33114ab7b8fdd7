import { describe, expect, test } from 'vitest';
import { parseAcceptHeader } from '../../src/ignition/accept-header.ts';
import { acceptsSpec } from '../../src/ignition/spec-version.ts';

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
    // Newer than the known versions, or experimental although the version is stable by now.
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

describe('the specifications that an Ignition accepts', () => {
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
