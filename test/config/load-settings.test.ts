import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadSettings, SettingsError } from '../../src/config/load-settings.ts';
import type { Settings } from '../../src/config/schema.ts';
import { toStoreSettings } from '../../src/config/sections/store.ts';

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

test('the defaults are a safe server: only HTTP, and the API on loopback', () => {
  const settings = load('');
  expect(settings.http.listen).toEqual([{ host: '0.0.0.0', port: 8080 }]);
  expect(settings.operator.listen).toEqual({ host: '127.0.0.1', port: 8081 });
  expect(settings.dhcp.interfaces).toEqual([]);
  expect(settings.tftp.enabled).toBe(false);
});

test('flags override the environment, and that overrides the file', () => {
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
  test('are reported all at once, with file, line, column and key', () => {
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
      'f:7:11: networks.0.cidr: "10.0.1.5/24" is the address of a host with a prefix length; the network is 10.0.1.0/24',
      'f:9:13: networks.0.pools.0: "10.0.1.9-10.0.1.1" is not a range; write it as 10.0.1.100-10.0.1.200',
    ]);
  });

  test('of pools with a selector', () => {
    const yaml = [
      'networks:',
      '  - id: a',
      '    cidr: 10.0.1.0/24',
      '    mode: full',
      '    pools:',
      '      - {range: 10.0.1.9-10.0.1.1, selector: {vendor_class: x}}',
      '      - {range: 10.0.1.10-10.0.1.19, selector: {}}',
      '      - {range: 10.0.1.20-10.0.1.29, selector: {vendor_class: {regex: "("}}}',
      '      - {range: 10.0.1.30-10.0.1.39, selectors: {vendor_class: x}}',
      '      - 7',
      '',
    ].join('\n');
    const form =
      'a pool is a range such as 10.0.1.100-10.0.1.200, or {range: 10.0.1.100-10.0.1.200, selector: {vendor_class: yealink}}';
    expect(mistakes(yaml).sort()).toEqual([
      `f:10:9: networks.0.pools.4: ${form}`,
      'f:6:17: networks.0.pools.0.range: "10.0.1.9-10.0.1.1" is not a range; write it as 10.0.1.100-10.0.1.200',
      'f:7:48: networks.0.pools.1.selector: requires nothing: write the range alone for a pool for everybody',
      expect.stringMatching(
        /^f:8:71: networks\.0\.pools\.2\.selector\.vendor_class\.regex: not a regular expression/,
      ) as string,
      `f:9:9: networks.0.pools.3: ${form}`,
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
      [expect.stringMatching(/the file must hold exactly one YAML document, but has 2/) as string],
    ],
    [
      'variable without a setting',
      '',
      { RAILHEAD_HTP_LISTEN: '[]' },
      [],
      ['RAILHEAD_HTP_LISTEN: there is no such setting'],
    ],
    [
      'variable with an invalid value',
      '',
      { RAILHEAD_POLL_SECONDS: 'soon' },
      [],
      ['RAILHEAD_POLL_SECONDS: poll_seconds: must be a whole number, not "soon" (string)'],
    ],
    ['malformed flag', '', {}, ['x'], ['--set x: write it as key=value, as in --set log.level=debug']],
    ['flag without a setting', '', {}, ['http.port=1'], ['--set http.port: unknown key "port"']],
    [
      'a mistake of the file and one of a flag in the same section',
      'http:\n  listem: []\n',
      {},
      ['http.port=1'],
      ['f:2:3: unknown key "listem"', '--set http.port: unknown key "port"'],
    ],
    [
      'variable of an unknown key in a section',
      '',
      { RAILHEAD_HTTP_LISTEM: '[]' },
      [],
      ['RAILHEAD_HTTP_LISTEM: unknown key "listem"'],
    ],
    [
      'a mistake inside the value of a flag',
      'networks: []\n',
      {},
      ['networks=[{id: a, cidr: 10.9.8.7/30, mode: full}]'],
      [
        '--set networks: networks.0.cidr: "10.9.8.7/30" is the address of a host with a prefix length; the network is 10.9.8.4/30',
      ],
    ],
    [
      'a conflict that a flag brings about',
      '',
      {},
      ['dhcp.interfaces=[eth1]'],
      [
        '--set dhcp.interfaces: dhcp.interfaces: DHCP is on, but networks: is empty; declare the networks to serve',
      ],
    ],
    [
      'flag into a value without keys',
      '',
      {},
      ['unmatched=wait', 'unmatched.how=now'],
      ['--set unmatched.how: unmatched has no keys of its own; set the whole of it with --set unmatched=...'],
    ],
    [
      'a path that is empty',
      'catalog: {dir: ""}\n',
      {},
      [],
      ['f:1:16: catalog.dir: must name a file or folder'],
    ],
    [
      'a key that leads to prototypes',
      '',
      {},
      ['__proto__.x=1'],
      ['--set __proto__.x: there is no such setting'],
    ],
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
        'f:3:53: networks.1.relays.0: relay 10.9.0.1 is already a relay of a; if it serves both networks, have it send option 82.5 (link selection) and set dhcp.trust_link_selection',
      ],
    ],
    [
      'a pool outside its network',
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
      ['f:1:20: dhcp.interfaces: DHCP is on, but networks: is empty; declare the networks to serve'],
    ],
    [
      'a range of ports that ends before it begins',
      'tftp: {port_range: [31999, 30000]}\n',
      {},
      [],
      ['f:1:20: tftp.port_range: begins at 31999 and ends at 30000'],
    ],
  ];
  const network = (keys: string): string =>
    `networks:\n  - {id: a, cidr: 10.0.1.0/24, mode: full, ${keys}}\n`;
  const BROADCAST =
    'must be the address of a host: 255.255.255.255 is the broadcast address, which no host has';

  test.each([
    ['next_server: 255.255.255.255', 'networks.0.next_server', BROADCAST],
    ['server_address: 255.255.255.255', 'networks.0.server_address', BROADCAST],
    ['routers: [255.255.255.255]', 'networks.0.routers.0', BROADCAST],
    ['dns: [10.0.0.53, 255.255.255.255]', 'networks.0.dns.1', BROADCAST],
    ['ntp: [255.255.255.255]', 'networks.0.ntp.0', BROADCAST],
    ['relays: [255.255.255.255]', 'networks.0.relays.0', BROADCAST],
    ['next_server: 0.0.0.0', 'networks.0.next_server', /0\.0\.0\.0 means no address/],
    ['next_server: 127.0.0.1', 'networks.0.next_server', /127\.0\.0\.1 is a loopback address/],
    ['ntp: [224.0.1.1]', 'networks.0.ntp.0', /224\.0\.1\.1 is a multicast address/],
    ['options: [{code: 6, value: 0.0.0.0}]', 'networks.0.options.0.value', /option 6 .* 0\.0\.0\.0 means no/],
    [
      'vendor_options: [{vendor_class: x, options: [{code: 3, value: 224.0.0.1}]}]',
      'networks.0.vendor_options.0.options.0.value',
      /option 3 .* 224\.0\.0\.1 is a multicast/,
    ],
  ])('an address that no host can have: %s', (keys, place, reason) => {
    const [found = '', ...rest] = mistakes(network(keys));
    expect(rest).toEqual([]);
    expect(found).toMatch(new RegExp(`^f:2:\\d+: ${place.replaceAll('.', '\\.')}: `));
    if (typeof reason === 'string') expect(found).toContain(reason);
    else expect(found).toMatch(reason);
  });

  test.each([
    [
      'http: {listen: ["239.0.0.1:80"]}',
      'http.listen.0: must be an address of this host: 239.0.0.1 is a multicast',
    ],
    [
      'operator: {listen: "255.255.255.255:80"}',
      'operator.listen: must be an address of this host: 255.255.255.255',
    ],
    [
      'tftp: {listen: [224.0.0.1]}',
      'tftp.listen.0: must be an address of this host: 224.0.0.1 is a multicast',
    ],
    [
      'dhcp: {trusted_relays: [0.0.0.0]}',
      'dhcp.trusted_relays.0: must be the address of a host: 0.0.0.0 means no',
    ],
    [
      'dns_updates: {zones: [{zone: example.com, server: 255.255.255.255}]}',
      'dns_updates.zones.0.server: must be the address of a DNS server: 255.255.255.255 is the broadcast',
    ],
    [
      'http: {public_url: "http://0.0.0.0:8080"}',
      'http.public_url: machines load this URL, and 0.0.0.0 means no',
    ],
    [
      'http: {public_url: "http://[::]:8080"}',
      'http.public_url: machines load this URL, and :: is no address of',
    ],
    [
      'http: {public_url: "http://[ff02::1]"}',
      'http.public_url: machines load this URL, and ff02::1 is no address',
    ],
    [
      'http: {public_url: "http://224.0.0.1"}',
      'http.public_url: machines load this URL, and 224.0.0.1 is a multi',
    ],
  ])('an address that no host can have: %s', (yaml, expected) => {
    expect(mistakes(`${yaml}\n`)).toEqual([expect.stringContaining(expected)]);
  });

  test.each(['http://127.0.0.1:8080', 'http://localhost:8080', 'http://[::1]:8080'])(
    'the public_url %s is refused where machines are served, and good enough to try the server out',
    (url) => {
      const yaml = `http: {public_url: "${url}"}\n`;
      expect(mistakes(yaml)).toEqual([]);
      expect(mistakes(yaml + network('pools: ["10.0.1.50-10.0.1.60"]'))).toEqual([
        expect.stringMatching(
          /^f:1:20: http\.public_url: .* is each machine itself: use an address of this host$/,
        ),
      ]);
    },
  );

  test.each(rows)('%s', (_name, yaml, environment, flags, expected) => {
    expect(mistakes(yaml, environment, flags)).toEqual(expected);
  });

  test('numbers out of bounds are reported with the bound', () => {
    expect(mistakes('poll_seconds: 0\ntftp: {port: 70000}\ndhcp: {interfaces: eth1}\n')).toEqual([
      'f:2:14: tftp.port: must be at most 65535, not 70000',
      'f:3:20: dhcp.interfaces: must be a list, not "eth1" (string)',
      'f:1:15: poll_seconds: must be at least 1, not 0',
    ]);
  });

  test('a file that is named must exist', () => {
    expect(() => loadSettings({ file: path.join(directory, 'no.yaml'), environment: {}, flags: [] })).toThrow(
      /no\.yaml: cannot be read/,
    );
  });
});

describe('paths', () => {
  const yaml = 'store: {file: state/leases.db}\ntftp: {roots: [tftp, /srv/tftp]}\n';

  test('in the file, and defaults, are relative to the folder of the file', () => {
    const settings = load(yaml);
    expect(settings.store.file).toBe(path.join(directory, 'state/leases.db'));
    expect(settings.tftp.roots).toEqual([path.join(directory, 'tftp'), '/srv/tftp']);
    expect(settings.catalog.dir).toBe(directory);
  });

  test('relative to an empty file work too', () => {
    expect(load('# nothing yet\n').store.file).toBe(path.join(directory, 'data/railhead.db'));
  });

  test('of variables and flags are relative to the working directory', () => {
    const settings = load(yaml, { RAILHEAD_TFTP_ROOTS: '[boot]' }, [
      'store.file=other.db',
      'catalog.dir=cat',
    ]);
    expect(settings.store.file).toBe(path.resolve('other.db'));
    expect(settings.tftp.roots).toEqual([path.resolve('boot')]);
    expect(settings.catalog.dir).toBe(path.resolve('cat'));
  });

  test('a database in memory is not a path', () => {
    expect(load('store: {file: ":memory:"}\n').store.file).toBe(':memory:');
  });
});

describe('the store', () => {
  test.each([
    ['', { file: 'DIR/data/railhead.db', synchronous: 'full' }],
    ['store: {file: /var/r.db, synchronous: normal}', { file: '/var/r.db', synchronous: 'normal' }],
    [
      'store: {url: "postgres://r@db1/railhead", password_file: /etc/p}',
      { url: 'postgres://r@db1/railhead', passwordFile: '/etc/p', synchronous: 'full' },
    ],
    [
      'store: {url: "postgresql:///railhead?host=/run/postgresql"}',
      { url: 'postgresql:///railhead?host=/run/postgresql', synchronous: 'full' },
    ],
    [
      'store: {url: "postgres://railhead@/railhead?host=/run/postgresql"}',
      { url: 'postgres://railhead@/railhead?host=/run/postgresql', synchronous: 'full' },
    ],
  ])('%s', (yaml, expected) => {
    const found = JSON.stringify(toStoreSettings(load(yaml).store)).replaceAll(directory, 'DIR');
    expect(JSON.parse(found)).toEqual(expected);
  });

  test.each([
    [
      'store: {file: a.db, url: "postgres://r@db1/railhead"}',
      'the store is either a file or at a url: remove one of store.file and store.url',
    ],
    ['store: {password_file: /etc/p}', 'a password is for store.url, which is not set'],
    ['store: {url: "mysql://r@db1/railhead"}', 'the URL of a PostgreSQL database begins with postgres://'],
    ['store: {url: db1}', 'this is not a URL: write it as postgres://user@host/database'],
    [
      'store: {url: "postgres://r@db1"}',
      'the URL names no database: write it as postgres://user@host/database',
    ],
    [
      'store: {url: "postgres://r:Hunter2Secret@db1/railhead"}',
      'the URL must not have a password in it: write that into a file and name it in store.password_file',
    ],
  ])('%s is refused, and no password is repeated', (yaml, message) => {
    const told = mistakes(yaml).join('\n');
    expect(told).toContain(message);
    expect(told).not.toContain('Hunter2Secret');
  });
});
