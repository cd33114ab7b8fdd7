import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

const CAPABILITIES = ['NET_BIND_SERVICE', 'NET_RAW'];

describe('docker-compose.yml', () => {
  const compose = parse(read('docker-compose.yml')) as {
    services: { railhead: Record<string, unknown> & { volumes: string[] } };
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
    for (const volume of service.volumes) {
      const [source = '', , mode] = volume.split(':');
      if (source.startsWith('./')) {
        expect(existsSync(path.join(root, source)), source).toBe(true);
        expect(mode, volume).toBe('ro');
      } else {
        expect(compose.volumes).toHaveProperty(source);
      }
    }
  });
});

describe('Dockerfile', () => {
  const dockerfile = read('Dockerfile');

  test('copies only what .dockerignore lets in, and all of it exists', () => {
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

  test('runs as a user of its own, on the Node.js that package.json asks for', () => {
    expect(dockerfile).toMatch(/^USER railhead$/m);
    const images = [...dockerfile.matchAll(/^FROM node:(\d+)-/gm)].map(([, major]) => major);
    expect(new Set(images)).toEqual(new Set(['20']));
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
