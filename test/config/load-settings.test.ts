import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadSettings, SettingsError } from '../../src/config/load-settings.ts';
import type { Settings } from '../../src/config/schema.ts';

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'railhead-settings-'));
  file = path.join(directory, 'railhead.yaml');
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function load(yaml: string, environment: Record<string, string> = {}, flags: string[] = []): Settings {
  writeFileSync(file, yaml);
  return loadSettings({ file, environment, flags });
}

function mistakes(yaml: string, environment?: Record<string, string>, flags?: string[]): string[] {
  try {
    load(yaml, environment, flags);
    return [];
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.message.replaceAll(path.normalize(file), 'f').split('\n');
  }
}

test('nothing at all is a safe server: HTTP alone, and the API on loopback', () => {
  const settings = load('');
  expect(settings.http.listen).toEqual([{ host: '0.0.0.0', port: 8080 }]);
  expect(settings.operator.listen).toEqual({ host: '127.0.0.1', port: 8081 });
  expect(settings.dhcp.interfaces).toEqual([]);
  expect(settings.tftp.enabled).toBe(false);
});

test('flags come over the environment, and that over the file', () => {
  const yaml = 'http: {listen: ["10.0.0.1:80"]}\nunmatched: local\nlog: {level: debug}\n';
  const environment = { RAILHEAD_UNMATCHED: 'fail', RAILHEAD_LOG_LEVEL: 'warn', OTHER: 'x' };
  const settings = load(yaml, environment, ['log.level=error']);
  expect([settings.http.listen[0]?.port, settings.unmatched, settings.log.level]).toEqual([
    80,
    'fail',
    'error',
  ]);
});

describe('mistakes', () => {
  test('are told all at once, with file, line, column and key', () => {
    const yaml = [
      'http:',
      '  listem: []',
      '  listen: ["10.0.0.1"]',
      'unmatched: maybe',
      'networks:',
      '  - id: a',
      '    cidr: 10.0.1.5/24',
      '    mode: full',
      '    pools: [10.0.1.9-10.0.1.1]',
      '    options: [{code: 53, type: uint8, value: 1}]',
      '',
    ].join('\n');
    expect(mistakes(yaml).sort()).toEqual([
      'f:10:22: networks.0.options.0.code: option 53 cannot be set here: it is the type of the message',
      'f:2:3: unknown key "listem"',
      'f:3:12: http.listen.0: "10.0.0.1" is not an address and port; write it as 0.0.0.0:8080 or [::1]:8080',
      'f:4:12: unmatched: must be wait, local or fail, not "maybe"',
      'f:7:11: networks.0.cidr: "10.0.1.5/24" is not a network; write it as 10.0.1.0/24, with the host bits zero',
      'f:9:13: networks.0.pools.0: "10.0.1.9-10.0.1.1" is not a range; write it as 10.0.1.100-10.0.1.200',
    ]);
  });

  const rows: [
    name: string,
    yaml: string,
    environment: Record<string, string>,
    flags: string[],
    expected: string[],
  ][] = [
    [
      'bad YAML',
      'http: [\n',
      {},
      [],
      ['f:2:1: Flow sequence in block collection must be sufficiently indented and end with a ]'],
    ],
    [
      'two documents',
      'unmatched: wait\n---\nunmatched: local\n',
      {},
      [],
      [expect.stringMatching(/settings are one document/) as string],
    ],
    [
      'variable of no setting',
      '',
      { RAILHEAD_HTP_LISTEN: '[]' },
      [],
      ['RAILHEAD_HTP_LISTEN: there is no such setting'],
    ],
    [
      'variable of a wrong value',
      '',
      { RAILHEAD_POLL_SECONDS: 'soon' },
      [],
      ['RAILHEAD_POLL_SECONDS: poll_seconds: must be a whole number, not "soon" (string)'],
    ],
    ['flag of no form', '', {}, ['x'], ['--set x: write it as key=value']],
    ['flag of no setting', '', {}, ['http.port=1'], [expect.stringMatching(/unknown key "port"/) as string]],
    ['a way to prototypes', '', {}, ['__proto__.x=1'], ['--set __proto__.x: there is no such setting']],
    [
      'networks that overlap',
      'networks:\n  - {id: a, cidr: 10.0.0.0/16, mode: full}\n  - {id: b, cidr: 10.0.1.0/24, mode: full}\n',
      {},
      [],
      ['f:3:19: networks.1.cidr: 10.0.1.0/24 overlaps 10.0.0.0/16 of a'],
    ],
    [
      'a relay of two networks',
      'networks:\n  - {id: a, cidr: 10.0.0.0/24, mode: full, relays: [10.9.0.1]}\n  - {id: b, cidr: 10.0.1.0/24, mode: full, relays: [10.9.0.1]}\n',
      {},
      [],
      [
        'f:3:53: networks.1.relays.0: relay 10.9.0.1 is already one of a; where it serves both, let it say which by option 82.5 and set dhcp.trust_link_selection',
      ],
    ],
    [
      'a pool outside of its network',
      'networks:\n  - {id: a, cidr: 10.0.0.0/24, mode: full, pools: [10.0.1.1-10.0.1.9]}\n',
      {},
      [],
      ['f:2:52: networks.0.pools.0: 10.0.1.1-10.0.1.9 is not inside 10.0.0.0/24'],
    ],
    [
      'DHCP without a network',
      'dhcp: {interfaces: [eth1]}\n',
      {},
      [],
      ['f:1:20: dhcp.interfaces: DHCP is on, and networks: names no network to serve'],
    ],
    [
      'a range of ports that ends before it begins',
      'tftp: {port_range: [31999, 30000]}\n',
      {},
      [],
      ['f:1:20: tftp.port_range: begins at 31999 and ends at 30000'],
    ],
  ];
  test.each(rows)('%s', (_name, yaml, environment, flags, expected) => {
    expect(mistakes(yaml, environment, flags)).toEqual(expected);
  });

  test('a file that is named must be there', () => {
    expect(() => loadSettings({ file: path.join(directory, 'no.yaml'), environment: {}, flags: [] })).toThrow(
      /no\.yaml: cannot be read/,
    );
  });
});
