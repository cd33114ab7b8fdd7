import { describe, expect, test } from 'vitest';
import type { Config } from '../../src/ignition/config.ts';
import { encodeConfig, isEmptyStruct } from '../../src/ignition/encode.ts';
import { mergeConfigs } from '../../src/ignition/merge.ts';
import type { Mapping } from '../../src/ignition/merge.ts';
import { mergeLayers } from '../../src/ignition/merge-layers.ts';
import { schemaOf } from '../../src/ignition/schema.ts';
import { SpecDowngradeError, upconvertConfig } from '../../src/ignition/upconvert.ts';
import { validateConfig } from '../../src/ignition/validate.ts';

const sha = `sha256-${'0'.repeat(64)}`;

describe('layered merging', () => {
  const file = (rest: object): Config => ({ storage: { files: [{ path: '/a', ...rest }] } });
  const merged = (parent: object, child: object, mode: 'ignition' | 'layered') =>
    mergeConfigs(file(parent), file(child), '3.4.0', { mode }).storage?.files?.[0];

  const parent = { contents: { source: 'http://p/', compression: 'gzip', verification: { hash: sha } } };
  const child = { contents: { source: 'http://c/' } };

  test('Ignition leaves the hash of the contents that are replaced', () => {
    expect(merged(parent, child, 'ignition')?.contents).toEqual({
      source: 'http://c/',
      compression: 'gzip',
      verification: { hash: sha },
    });
  });

  test('contents are replaced as a whole', () => {
    expect(merged(parent, child, 'layered')?.contents).toEqual({ source: 'http://c/' });
  });

  test.each([
    ['does not set contents', { mode: 420 }],
    ['has empty contents', { contents: { verification: {}, httpHeaders: [] } }],
  ])('contents are kept if the child %s', (_name, rest) => {
    expect(merged(parent, rest, 'layered')?.contents).toMatchObject(parent.contents);
  });

  test('an owner is replaced as a whole, so that the result is valid', () => {
    const [byName, byId] = [{ user: { name: 'core' } }, { user: { id: 500 } }];
    const config = (mode: 'ignition' | 'layered') =>
      mergeConfigs(file(byName), file(byId), '3.4.0', { mode });
    expect(validateConfig(config('ignition'), '3.4.0').map(({ message }) => message)).toEqual([
      'cannot set both id and name',
    ]);
    expect(config('layered').storage?.files?.[0]?.user).toEqual({ id: 500 });
    expect(validateConfig(config('layered'), '3.4.0')).toEqual([]);
  });

  test('everything else merges as Ignition does', () => {
    const units = (rest: object): Config => ({ systemd: { units: [{ name: 'a.service', ...rest }] } });
    expect(
      mergeConfigs(units({ contents: '[A]', enabled: true }), units({ enabled: false }), '3.4.0', {
        mode: 'layered',
      }),
    ).toEqual(units({ contents: '[A]', enabled: false }));
  });
});

describe('layers of several specifications', () => {
  const layer = (spec: '3.0.0' | '3.4.0' | '3.5.0', hostname: string) => ({
    spec,
    config: {
      ignition: { version: spec },
      storage: { files: [{ path: '/h', contents: { source: hostname } }] },
    },
  });
  const [a, b, c] = [layer('3.0.0', 'data:,a'), layer('3.5.0', 'data:,b'), layer('3.4.0', 'data:,c')];

  test('merge in the newest of them, in order', () => {
    expect(mergeLayers([a, b, c])).toEqual({ spec: '3.5.0', config: layer('3.5.0', 'data:,c').config });
    expect(mergeLayers([a])).toEqual(a);
  });

  test('merge in the requested specification, if it is not older than one of them', () => {
    expect(mergeLayers([a, c], { to: '3.5.0' }).config.ignition?.version).toBe('3.5.0');
    expect(() => mergeLayers([a, b], { to: '3.4.0' })).toThrow(SpecDowngradeError);
  });
});

describe('the transcript of a merge', () => {
  function transcript(parent: Config, child: Config): string[] {
    const lines: string[] = [];
    mergeConfigs(parent, child, '3.4.0', {
      transcribe: ({ origin, from, to }: Mapping) =>
        lines.push(`${origin} ${from.join('.')} > ${to.join('.')}`),
    });
    return lines;
  }

  test('names the origin of scalars, items, lists and structs, those of both sides twice', () => {
    const parent: Config = {
      storage: {
        files: [
          { path: '/gone', mode: 1 },
          { path: '/a', mode: 1, append: [{ source: 'data:,p' }] },
          { path: '/p', user: { id: 0 } },
        ],
      },
      passwd: { users: [{ name: 'core', sshAuthorizedKeys: ['x', 'y'] }] },
    };
    const child: Config = {
      storage: {
        files: [{ path: '/c' }, { path: '/a', overwrite: true, append: [{ source: 'data:,c' }] }],
        links: [{ path: '/gone', target: '/x' }],
      },
      passwd: { users: [{ name: 'core', sshAuthorizedKeys: ['y', 'z'] }] },
    };
    expect(transcript(parent, child)).toEqual([
      'child passwd.users.0.name > passwd.users.0.name',
      'parent passwd.users.0.sshAuthorizedKeys.0 > passwd.users.0.sshAuthorizedKeys.0',
      'child passwd.users.0.sshAuthorizedKeys.0 > passwd.users.0.sshAuthorizedKeys.1',
      'child passwd.users.0.sshAuthorizedKeys.1 > passwd.users.0.sshAuthorizedKeys.2',
      'parent passwd.users.0.sshAuthorizedKeys > passwd.users.0.sshAuthorizedKeys',
      'child passwd.users.0.sshAuthorizedKeys > passwd.users.0.sshAuthorizedKeys',
      'parent passwd.users.0 > passwd.users.0',
      'child passwd.users.0 > passwd.users.0',
      'parent passwd.users > passwd.users',
      'child passwd.users > passwd.users',
      'parent passwd > passwd',
      'child passwd > passwd',
      'child storage.files.1.overwrite > storage.files.0.overwrite',
      'child storage.files.1.path > storage.files.0.path',
      'parent storage.files.1.append.0.source > storage.files.0.append.0.source',
      'parent storage.files.1.append.0 > storage.files.0.append.0',
      'child storage.files.1.append.0.source > storage.files.0.append.1.source',
      'child storage.files.1.append.0 > storage.files.0.append.1',
      'parent storage.files.1.append > storage.files.0.append',
      'child storage.files.1.append > storage.files.0.append',
      'parent storage.files.1.mode > storage.files.0.mode',
      'parent storage.files.1 > storage.files.0',
      'child storage.files.1 > storage.files.0',
      'parent storage.files.2.path > storage.files.1.path',
      'parent storage.files.2.user.id > storage.files.1.user.id',
      'parent storage.files.2.user > storage.files.1.user',
      'parent storage.files.2 > storage.files.1',
      'child storage.files.0.path > storage.files.2.path',
      'child storage.files.0 > storage.files.2',
      'parent storage.files > storage.files',
      'child storage.files > storage.files',
      'child storage.links.0.path > storage.links.0.path',
      'child storage.links.0.target > storage.links.0.target',
      'child storage.links.0 > storage.links.0',
      'child storage.links > storage.links',
      'parent storage > storage',
      'child storage > storage',
    ]);
  });

  test('does not mention empty values', () => {
    expect(transcript({}, { storage: { disks: [{ partitions: [] }] }, ignition: { version: '' } })).toEqual(
      [],
    );
  });
});

describe('up-conversion', () => {
  test('an older specification is refused', () => {
    expect(() => upconvertConfig({}, '3.5.0', '3.4.0')).toThrow(SpecDowngradeError);
    expect(() => upconvertConfig({}, '3.5.0', '3.4.0')).toThrow(/^An Ignition 3.5.0 configuration cannot/);
  });

  test('to the same specification changes nothing', () => {
    const config = { ignition: { version: '3.4.0' } };
    expect(upconvertConfig(config, '3.4.0', '3.4.0')).toBe(config);
  });

  test('the input is not changed', () => {
    const config: Config = { storage: { files: [{ path: '/a', mode: 0o7777 }], raid: [{ name: 'r' }] } };
    const before = structuredClone(config);
    expect(upconvertConfig(config, '3.0.0', '3.6.0')).toEqual({
      ignition: { version: '3.6.0' },
      storage: { files: [{ path: '/a', mode: 0o777 }], raid: [{ name: 'r', level: '' }] },
    });
    expect(config).toEqual(before);
  });

  test('special mode bits are cleared on the way to 3.6.0 only', () => {
    const config: Config = { storage: { directories: [{ path: '/a', mode: 0o1777 }] } };
    const mode = (from: '3.5.0' | '3.6.0', to: '3.5.0' | '3.6.0' | '3.7.0-experimental') =>
      upconvertConfig(config, from, to).storage?.directories?.[0]?.mode;
    expect(mode('3.5.0', '3.6.0')).toBe(0o777);
    expect(mode('3.5.0', '3.7.0-experimental')).toBe(0o777);
    expect(mode('3.6.0', '3.7.0-experimental')).toBe(0o1777);
  });
});

describe('encoding', () => {
  test('keeps the order of the Go structs and omits empty values', () => {
    const config: Config = {
      storage: {
        files: [
          { path: '/a', user: { name: '' }, mode: 0, contents: { verification: {} }, group: {}, append: [] },
        ],
        disks: [{ partitions: [{ number: 0, label: '' }] }],
      },
      passwd: { users: [] },
      ignition: { version: '3.3.0', proxy: {} },
    };
    expect(encodeConfig(config, '3.3.0')).toBe(
      '{"ignition":{"version":"3.3.0"},"storage":{"disks":[{"device":"","partitions":[{"label":""}]}],' +
        '"files":[{"path":"/a","user":{"name":""},"mode":0}]}}',
    );
  });

  test('writes what a specification always writes', () => {
    const config: Config = { ignition: { config: { merge: [{}] } }, storage: { raid: [{ name: 'r' }] } };
    expect(encodeConfig(config, '3.0.0')).toBe(
      '{"ignition":{"config":{"merge":[{"source":null}]}},"storage":{"raid":[{"devices":null,"level":"","name":"r"}]}}',
    );
    expect(encodeConfig({}, '3.4.0')).toBe('{"ignition":{"version":""}}');
  });

  test('indents like json.MarshalIndent', () => {
    const config: Config = { ignition: { version: '3.4.0' }, kernelArguments: { shouldExist: ['a', 'b'] } };
    expect(encodeConfig(config, '3.4.0', { indent: 2 })).toBe(JSON.stringify(config, undefined, 2));
  });

  test('escapes like encoding/json', () => {
    const name = '<&>\u2028\u2029"\\\n\u0001\ud800é😀\u007f';
    expect(encodeConfig({ passwd: { users: [{ name }] } }, '3.4.0')).toContain(
      '"\\u003c\\u0026\\u003e\\u2028\\u2029\\"\\\\\\n\\u0001\ufffdé😀\u007f"',
    );
  });

  test('keeps whole numbers that JavaScript cannot hold', () => {
    const config: Config = { passwd: { users: [{ name: 'a', uid: 9223372036854775807n }] } };
    expect(encodeConfig(config, '3.4.0')).toContain('"uid":9223372036854775807');
  });

  test('a struct is empty if nothing in it is set, however deep', () => {
    const schema = schemaOf('3.4.0');
    expect(isEmptyStruct({ ignition: { config: { replace: { httpHeaders: [] } } } }, schema)).toBe(true);
    expect(isEmptyStruct({ ignition: { config: { replace: { source: '' } } } }, schema)).toBe(false);
  });
});
