import { expect, test } from 'vitest';
import {
  failGrubConfig,
  localGrubConfig,
  profileGrubConfig,
  waitingGrubConfig,
} from '../../../src/provision/rendering/grub-config.ts';
import {
  bootIpxeScript,
  checkBootLine,
  diskIpxeScript,
  failIpxeScript,
  localIpxeScript,
  profileIpxeScript,
  waitingIpxeScript,
} from '../../../src/provision/rendering/ipxe-script.ts';
import { metadataEnv } from '../../../src/provision/rendering/metadata-env.ts';

const ORIGIN = 'http://10.0.0.2:8080';
const BOOT = { kernel: '/assets/k', initrd: ['/assets/a', 'http://m/b c'], args: ['initrd=a', 'x="y z"'] };

test.each([
  ['boot.ipxe', bootIpxeScript(ORIGIN)],
  ['profile.ipxe', profileIpxeScript(BOOT)],
  [
    'waiting.ipxe',
    waitingIpxeScript(
      ORIGIN,
      [
        'Railhead knows no group for MAC 52:54:00:a1:9c:ae.',
        'Write a group that selects it, or put it into one: railhead machines approve 52-54-00-a1-9c-ae --group GROUP',
      ],
      15,
    ),
  ],
  ['local.ipxe', localIpxeScript(ORIGIN, 'no group', 'sanboot')],
  ['fail.ipxe', failIpxeScript(ORIGIN, 'no ${x}\nshell || group')],
  ['profile.grub', profileGrubConfig(BOOT)],
  [
    'waiting.grub',
    waitingGrubConfig(['machine n1 is not armed.', 'To let it go on: railhead machines arm n1'], 15),
  ],
  ['local.grub', localGrubConfig('machine "n1" is disabled; $x', 'sanboot')],
  ['local-exit.grub', localGrubConfig('machine n1 is installed', 'exit')],
  ['fail.grub', failGrubConfig('no group selects MAC 52:54:00:a1:9c:ae')],
  ['disk.ipxe', diskIpxeScript('machine n1 is disabled')],
])('%s is the one that was booted', async (name, script) => {
  await expect(script).toMatchFileSnapshot(`golden/${name}`);
});

test.each(['a\nshell', 'a\rb', 'a || shell', 'a && shell', 'a ; shell', '# a', 'a #b', 'a \\', 'a\0b'])(
  '%j would be a further command to iPXE',
  (text) => {
    expect(() => checkBootLine('p.yaml', 'args', text)).toThrow(/^args renders to/);
  },
);

test.each([
  'console=ttyS0,115200',
  'ignition.config.url=http://h/i?uuid=${uuid}&mac=${mac:hexhyp}',
  'a=b;c',
  'x#y',
  ' trimmed ',
])('%j is an argument', (text) => {
  expect(checkBootLine('p.yaml', 'args', text)).toBe(text.trim());
});

test('metadata becomes an environment file as Matchbox writes it', () => {
  const variables = {
    ratio: 1.5,
    tainted: false,
    dns: { server: '10.0.0.1', 'search-list': 'x' },
    zones: ['a'],
    nothing: null,
    text: 'two\nlines',
    quoted: 'a "b" $c\\',
    apostrophe: "it's",
    control: '\u001b[31mred\u009b',
    request: { query: { mac: 'm' }, raw_query: 'mac=m' },
  };
  expect(metadataEnv(variables).split('\n')).toEqual([
    'APOSTROPHE="it\'s"',
    'CONTROL=" [31mred "',
    'DNS_SEARCH_LIST=x',
    'DNS_SERVER=10.0.0.1',
    'QUOTED="a \\"b\\" \\$c\\\\"',
    'RATIO=1.5',
    'REQUEST_QUERY_MAC=m',
    'REQUEST_RAW_QUERY=mac=m',
    'TAINTED=false',
    'TEXT=two lines',
    '',
  ]);
});
