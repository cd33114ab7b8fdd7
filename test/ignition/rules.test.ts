import { describe, expect, test } from 'vitest';
import type { Config, Filesystem, Partition, Resource } from '../../src/ignition/config.ts';
import { formatEntry } from '../../src/ignition/report.ts';
import type { SpecVersion } from '../../src/ignition/spec-version.ts';
import { findDuplicates, validateConfig } from '../../src/ignition/validate.ts';
import type { ValidationOptions } from '../../src/ignition/validation-context.ts';

function report(config: Config, spec: SpecVersion, options?: ValidationOptions): string[] {
  return validateConfig(config, spec, options).map(formatEntry);
}

describe('rules of generated configurations', () => {
  test('an empty configuration is valid', () => {
    expect(report({}, '3.0.0')).toEqual([]);
    expect(report({ ignition: { version: '3.4.0' } }, '3.4.0')).toEqual([]);
  });

  test('rules come before duplicates, parents before children, fields in order', () => {
    const config: Config = {
      storage: {
        files: [{ path: 'a' }, { path: 'a', user: { id: 1, name: 'x' } }],
        links: [{ path: '/l' }],
      },
      kernelArguments: { shouldExist: ['a'], shouldNotExist: ['a'] },
    };
    expect(report(config, '3.3.0')).toEqual([
      'error at $.storage.links.0.target: link target is required',
      'error at $.storage.files.0.path: path not absolute',
      'error at $.storage.files.1.path: path not absolute',
      'error at $.storage.files.1.user: cannot set both id and name',
      'error at $.kernelArguments.shouldNotExist.0: duplicate entry defined',
      'error at $.storage.files.1: duplicate entry defined',
    ]);
    expect(findDuplicates(config, '3.3.0').map(({ path }) => path.join('.'))).toEqual([
      'kernelArguments.shouldNotExist.0',
      'storage.files.1',
    ]);
  });

  const source = (resource: Resource, spec: SpecVersion, options?: ValidationOptions) =>
    report({ storage: { files: [{ path: '/a', contents: resource }] } }, spec, options).map((line) =>
      line.replace('error at $.storage.files.0.contents.', ''),
    );

  test.each([
    ['gs://b/k', '3.1.0', ['source: invalid url scheme']],
    ['gs://b/k', '3.2.0', []],
    ['s3://b/k?versionId=', '3.0.0', ['source: invalid S3 object VersionId']],
    ['s3://b/k?versionId=1', '3.0.0', []],
    ['arn:aws:s3:::b/k', '3.3.0', ['source: invalid url scheme']],
    ['arn:aws:s3:::b/k', '3.4.0', []],
    ['arn:aws:s3:::b', '3.4.0', ['source: invalid S3 ARN format']],
    ['arn:aws:iam:::b/k', '3.4.0', ['source: invalid S3 ARN format']],
    ['arn:aws:s3', '3.4.0', ['source: invalid S3 ARN format']],
    ['arn:aws:s3:r:a:accesspoint/p', '3.4.0', ['source: invalid S3 ARN format']],
    ['arn:aws:s3:r:a:accesspoint/p/object/k', '3.4.0', []],
    ['arn:aws:s3:::b/k?versionId=', '3.4.0', ['source: invalid S3 object VersionId']],
    ['oem:///x', '3.4.0', ['source: invalid url scheme']],
    ['', '3.4.0', []],
  ] as const)('source %j in %s', (url, spec, lines) => {
    expect(source({ source: url }, spec)).toEqual(lines);
  });

  test('extra schemes are accepted where they are named', () => {
    expect(source({ source: 'oem:///x' }, '3.4.0', { extraSchemes: ['oem'] })).toEqual([]);
    expect(source({ source: 'foo:///x' }, '3.4.0', { extraSchemes: ['oem'] })).toHaveLength(1);
  });

  test.each([
    [[{ number: 1 }, { number: 1 }], 'partition numbers collide', 1],
    [[{ label: 'a' }, { label: 'b' }, { label: 'a' }], 'cannot use the same partition label twice', 2],
    [
      [
        { number: 1, startMiB: 10, sizeMiB: 5 },
        { number: 2, startMiB: 15, sizeMiB: 5 },
        { number: 3, startMiB: 12, sizeMiB: 1 },
      ],
      'partitions overlap',
      2,
    ],
    [
      [
        { number: 1, startMiB: 10, sizeMiB: 0 },
        { number: 2, startMiB: 1, sizeMiB: 10 },
      ],
      'partitions overlap',
      1,
    ],
  ] as [Partition[], string, number][])('partitions %j: %s', (partitions, message, index) => {
    expect(report({ storage: { disks: [{ device: '/dev/a', partitions }] } }, '3.4.0')).toContain(
      `error at $.storage.disks.0.partitions.${index}: ${message}`,
    );
  });

  test('many partitions overlap as few do', () => {
    const partitions = Array.from({ length: 2000 }, (_, index): Partition => {
      return { number: index + 1, startMiB: index * 10 + 1, sizeMiB: 10 };
    });
    const disk = { device: '/dev/a', partitions };
    expect(report({ storage: { disks: [disk] } }, '3.4.0')).toEqual([]);
    partitions.push({ number: 5000, startMiB: 1005, sizeMiB: 1 });
    expect(report({ storage: { disks: [disk] } }, '3.4.0')).toEqual([
      'error at $.storage.disks.0.partitions.2000: partitions overlap',
    ]);
  });

  test('deleting one partition and numbering another automatically is refused up to Ignition 2.26', () => {
    const partitions = [{ number: 1, shouldExist: false }, { label: 'x' }];
    const config = { storage: { disks: [{ device: '/dev/a', partitions }] } };
    expect(report(config, '3.4.0')).toEqual([]);
    expect(report(config, '3.4.0', { ignition: '2.26' })).toEqual([
      'error at $.storage.disks.0.partitions: shouldExist is false for a partition and other partition(s) has start or size 0',
    ]);
  });

  test.each([
    [{ device: 'tag', format: 'virtiofs', path: '/mnt' }, []],
    [{ format: 'virtiofs' }, ['device: device is required']],
    [
      { device: 't'.repeat(37), format: 'virtiofs' },
      ['device: virtiofs device tags cannot be longer than 36 characters'],
    ],
    [
      { device: 't', format: 'virtiofs', label: 'l', uuid: 'u', wipeFilesystem: true, options: ['o'] },
      [
        'label: virtiofs filesystems cannot have a label',
        'uuid: UUID is not supported for this filesystem format',
        'wipeFilesystem: wipeFilesystem is not supported for this filesystem format',
        'options: options are not supported for this filesystem format',
      ],
    ],
  ] as [Filesystem, string[]][])('virtiofs in 3.7.0-experimental: %j', (filesystem, lines) => {
    const config = { storage: { filesystems: [filesystem] } };
    expect(report(config, '3.7.0-experimental')).toEqual(
      lines.map((line) => `error at $.storage.filesystems.0.${line}`),
    );
  });

  test.each(['3.6.0', '3.7.0-experimental'] as const)(
    'virtiofs is unknown to Ignition 2.26 in %s',
    (spec) => {
      const config = { storage: { filesystems: [{ device: '/dev/a', format: 'virtiofs' }] } };
      expect(report(config, spec, { ignition: '2.26' })).toEqual([
        'error at $.storage.filesystems.0.format: invalid filesystem format',
      ]);
    },
  );

  test('cex excludes clevis and key files', () => {
    const luks = { name: 'a', device: '/dev/a', cex: { enabled: true } };
    const lines = (more: object) => report({ storage: { luks: [{ ...luks, ...more }] } }, '3.5.0');
    expect(lines({})).toEqual([]);
    expect(lines({ clevis: { tpm2: true } })).toEqual([
      'error at $.storage.luks.0.cex: cannot use cex with clevis',
    ]);
    expect(lines({ keyFile: { source: 'data:,k' } })).toEqual([
      'error at $.storage.luks.0.cex: cannot use key file with cex',
    ]);
    expect(lines({ cex: { enabled: false }, clevis: { tpm2: true } })).toEqual([]);
  });

  test('a bad key file is reported at a field that does not exist, as Ignition does', () => {
    const luks = { name: 'a', device: '/dev/a', keyFile: { source: 'foo://x' } };
    expect(report({ storage: { luks: [luks] } }, '3.4.0')).toEqual([
      'error at $.storage.luks.0.keys: invalid key-file source',
      'error at $.storage.luks.0.keyFile.source: invalid url scheme',
    ]);
  });

  test.each([
    ['a@b.service', true],
    ['@@b.service', true],
    ['a@.service', false],
    ['@b.service', false],
    ['a@b.socket', false],
    ['a@\n.service', false],
  ])('%j is an instance with a template: %s', (name, isInstance) => {
    const at = name.indexOf('@', 1);
    const template = `${name.slice(0, at)}@.service`;
    const units = [{ name: template, contents: '[Unit]\nA=b' }];
    if (name !== template) units.push({ name, enabled: true } as never);
    const warnings = report({ systemd: { units } }, '3.4.0').filter((line) => line.includes('template unit'));
    expect(warnings).toHaveLength(isInstance ? 1 : 0);
  });
});
