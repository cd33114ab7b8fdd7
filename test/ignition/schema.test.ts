import { describe, expect, test } from 'vitest';
import { schemaOf } from '../../src/ignition/schema.ts';
import type { StructSchema } from '../../src/ignition/schema.ts';
import { compareSpecVersions, findSpecVersion, SPEC_VERSIONS } from '../../src/ignition/spec-version.ts';
import type { SpecVersion } from '../../src/ignition/spec-version.ts';

/** Lists every field of a specification as `a.b: kind`. */
function paths(schema: StructSchema, prefix = ''): string[] {
  return schema.fields.flatMap((field) => {
    const path = `${prefix}${field.name}`;
    if (field.kind === 'struct')
      return [`${path}${field.pointer ? '?' : ''}`, ...paths(field.struct, `${path}.`)];
    if (field.kind === 'list') return [`${path}[]`, ...(field.item ? paths(field.item, `${path}[].`) : [])];
    return [`${path}: ${field.kind}${field.pointer ? '?' : ''}`];
  });
}

function added(from: SpecVersion, to: SpecVersion): string[] {
  const before = new Set(paths(schemaOf(from)));
  return paths(schemaOf(to)).filter((path) => !before.has(path));
}

describe('schema tables', () => {
  test('3.0.0 has three structs where later specifications have one resource', () => {
    const ignition = schemaOf('3.0.0').byName.get('ignition');
    expect(ignition?.kind === 'struct' && paths(ignition.struct)).toEqual([
      'config',
      'config.merge[]',
      'config.merge[].source: string?',
      'config.merge[].verification',
      'config.merge[].verification.hash: string?',
      'config.replace',
      'config.replace.source: string?',
      'config.replace.verification',
      'config.replace.verification.hash: string?',
      'security',
      'security.tls',
      'security.tls.certificateAuthorities[]',
      'security.tls.certificateAuthorities[].source: string',
      'security.tls.certificateAuthorities[].verification',
      'security.tls.certificateAuthorities[].verification.hash: string?',
      'timeouts',
      'timeouts.httpResponseHeaders: int?',
      'timeouts.httpTotal: int?',
      'version: string',
    ]);
  });

  test.each([
    ['3.3.0', '3.4.0', ['clevis.tang[].advertisement: string?', 'discard: bool?', 'openOptions[]']],
    ['3.4.0', '3.5.0', ['cex', 'cex.enabled: bool?']],
  ] as const)('%s to %s adds to luks', (from, to, fields) => {
    expect(added(from, to).sort()).toEqual(fields.map((path) => `storage.luks[].${path}`).sort());
  });

  test('3.6.0 and 3.7.0-experimental change rules, not fields', () => {
    expect(added('3.5.0', '3.6.0')).toEqual([]);
    expect(added('3.6.0', '3.7.0-experimental')).toEqual([]);
  });

  test('files, directories and links share one key space', () => {
    const storage = schemaOf('3.4.0').byName.get('storage');
    const spaces =
      storage?.kind === 'struct'
        ? storage.struct.fields.map((field) => [field.name, field.kind === 'list' && field.keySpace])
        : [];
    expect(spaces).toEqual([
      ['directories', 'Node'],
      ['disks', 'disks'],
      ['files', 'Node'],
      ['filesystems', 'filesystems'],
      ['links', 'Node'],
      ['luks', 'luks'],
      ['raid', 'raid'],
    ]);
  });
});

describe('specification versions', () => {
  test.each([
    ['3.4.0', '3.4.0'],
    ['03.04.00', '3.4.0'],
    ['3.7.0-experimental', '3.7.0-experimental'],
    ['3.4.0-experimental', undefined],
    ['3.7.0', undefined],
    ['3.4.0+x', undefined],
    ['2.3.0', undefined],
    ['3.4', undefined],
    ['v3.4.0', undefined],
    [' 3.4.0', undefined],
    ['', undefined],
  ])('%j names %s', (text, spec) => {
    expect(findSpecVersion(text)).toBe(spec);
  });

  test('are ordered', () => {
    expect([...SPEC_VERSIONS].sort(compareSpecVersions)).toEqual(SPEC_VERSIONS);
    expect(compareSpecVersions('3.7.0-experimental', '3.0.0')).toBeGreaterThan(0);
  });
});
