import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadReviewedSettings } from '../../src/config/load-settings.ts';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

interface BindMount {
  readonly type: string;
  readonly source: string;
  readonly read_only: boolean;
  readonly bind: { readonly create_host_path: boolean };
}

const CAPABILITIES = ['NET_BIND_SERVICE', 'NET_RAW'];

describe('docker-compose.yml', () => {
  const compose = parse(read('docker-compose.yml')) as {
    services: { railhead: Record<string, unknown> & { volumes: (string | BindMount)[] } };
    volumes: Record<string, unknown>;
  };
  const service = compose.services.railhead;

  test('runs on the host network with the least rights', () => {
    expect(service).toMatchObject({
      network_mode: 'host',
      cap_drop: ['ALL'],
      cap_add: CAPABILITIES,
      read_only: true,
    });
    expect(service['privileged']).toBeUndefined();
  });

  test('mounts what exists, read-only, and one volume for the store', () => {
    const named = service.volumes.filter((volume) => typeof volume === 'string');
    expect(named.map((volume) => volume.split(':')[0])).toEqual(Object.keys(compose.volumes));
    const binds = service.volumes.filter((volume) => typeof volume !== 'string');
    expect(binds).toHaveLength(5);
    for (const { bind, read_only: readOnly, source, type } of binds) {
      expect(existsSync(path.join(root, source)), source).toBe(true);
      expect([type, readOnly], source).toEqual(['bind', true]);
      // Docker must not create a directory in place of a missing railhead.yaml.
      expect(bind.create_host_path, source).toBe(false);
    }
  });
});

describe('Dockerfile', () => {
  const dockerfile = read('Dockerfile');

  test('copies only what .dockerignore allows, and all of it exists', () => {
    const allowed = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, files = '']) =>
      files.split(' '),
    );
    expect(copied.length).toBeGreaterThan(3);
    for (const file of copied) {
      expect(allowed).toContain(file);
      expect(existsSync(path.join(root, file)), file).toBe(true);
    }
  });

  test('runs as its own user, on the Node.js version in package.json', () => {
    expect(dockerfile).toMatch(/^USER railhead$/m);
    const [, image = ''] = /^ARG NODE_IMAGE=(.+)$/m.exec(dockerfile) ?? [];
    // A complete version, so that a later build is the same.
    expect(image).toMatch(/^node:20\.\d+\.\d+-bookworm-slim$/);
    expect([...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, name]) => name)).toEqual([
      '${NODE_IMAGE}',
      '${NODE_IMAGE}',
    ]);
  });

  test('is healthy when machines can be served, not when the process merely runs', () => {
    expect(dockerfile).toMatch(/^HEALTHCHECK .*\/readyz/m);
  });
});

test('the systemd unit asks for the same two capabilities, and no root', () => {
  const unit = read('deploy/railhead.service');
  const wanted = CAPABILITIES.map((name) => `CAP_${name}`).join(' ');
  expect(unit).toContain(`\nAmbientCapabilities=${wanted}\n`);
  expect(unit).toContain(`\nCapabilityBoundingSet=${wanted}\n`);
  expect(unit).toMatch(/^DynamicUser=yes$/m);
  expect(unit).not.toMatch(/^User=root/m);
});

test('the systemd unit reloads, reads its token as a credential, and has a memory limit', () => {
  const unit = read('deploy/railhead.service');
  expect(unit).toMatch(/^ExecReload=\/bin\/kill -HUP \$MAINPID$/m);
  expect(unit).toMatch(/^LoadCredential=operator-token:\/etc\/railhead\/token$/m);
  expect(unit).toMatch(/^ExecStart=.* --set operator\.token_file=%d\/operator-token$/m);
  expect(unit).toMatch(/^MemoryMax=2G$/m);
});

describe('the Debian package', () => {
  const build = read('deploy/build-deb');

  test('has settings that name the folders of the unit, and switch DHCP and TFTP off', () => {
    const unit = read('deploy/railhead.service');
    const { settings, warnings } = loadReviewedSettings({
      file: path.join(root, 'deploy/debian/railhead.yaml'),
      environment: {},
      flags: [],
    });
    expect(warnings).toEqual([]);
    expect(unit).toContain(` --store ${settings.store.file} `);
    expect(unit).toContain(` --set catalog.assets=${settings.catalog.assets} `);
    expect(unit).toContain(`\nWorkingDirectory=${settings.catalog.dir}\n`);
    expect([settings.dhcp.interfaces, settings.tftp.enabled]).toEqual([[], false]);
  });

  test('replaces every path of the unit that it installs elsewhere', () => {
    const unit = read('deploy/railhead.service').replace(/^#.*$/gm, '');
    const elsewhere = [...unit.matchAll(/\/(?:opt|usr\/bin)\/\w+/g)].map(([found]) => found);
    expect([...new Set(elsewhere)].sort()).toEqual(['/opt/railhead', '/usr/bin/node']);
    for (const replaced of elsewhere) expect(build).toContain(`s#${replaced}`);
  });

  test.each(['deploy/build-deb', 'deploy/debian/postinst', 'deploy/debian/prerm', 'deploy/debian/postrm'])(
    '%s is a program without a mistake of syntax',
    (file) => {
      expect(statSync(path.join(root, file)).mode & 0o111).toBe(0o111);
      const shell = read(file).startsWith('#!/bin/sh') ? 'sh' : 'bash';
      expect(spawnSync(shell, ['-n', path.join(root, file)], { encoding: 'utf8' }).stderr).toBe('');
    },
  );
});

test.skipIf(spawnSync('systemd-analyze', ['--version']).status !== 0)(
  'systemd-analyze accepts the unit',
  () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'railhead-unit-'));
    try {
      // Its programs are at their installed paths, which do not exist on this host.
      const unit = read('deploy/railhead.service').replace('/usr/bin/node', process.execPath);
      writeFileSync(path.join(folder, 'railhead.service'), unit);
      const { stderr } = spawnSync('systemd-analyze', ['verify', path.join(folder, 'railhead.service')], {
        encoding: 'utf8',
      });
      expect(stderr.split('\n').filter((line) => line.includes('railhead.service'))).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
