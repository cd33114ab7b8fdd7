import { afterAll, describe, expect, test } from 'vitest';
import { AFTERWARDS } from '../catalog/catalog-tree.ts';
import { loadCatalog } from '../../src/catalog/load-catalog.ts';
import { SettingsError } from '../../src/config/load-settings.ts';
import { readAddress, readText } from '../../src/protocol/dhcp/read-option.ts';
import { type FieldCase, fieldDirectory, openFieldCase, SERVER } from './field-case.ts';

// What each NOTE.md of the field cases calls right. Cases without packets are elsewhere: links and interfaces (01, 21) in
// test/e2e/interfaces-that-come-later.test.ts, GRUB's own requests (17) in test/e2e/boot-grub.test.ts.

/** Each case is started once; its packets come from different machines. */
const opened = new Map<string, Promise<FieldCase>>();
afterAll(async () => {
  for (const one of opened.values()) await one.then((fieldCase) => fieldCase.close()).catch(() => undefined);
});

function open(name: string, server?: string): Promise<FieldCase> {
  const known = opened.get(name) ?? openFieldCase(name, server);
  opened.set(name, known);
  return known;
}

/** The messages of `serve` about settings that it refuses; each line is a mistake. */
async function refusal(name: string): Promise<string[]> {
  try {
    await open(name);
  } catch (error) {
    if (error instanceof SettingsError) return error.message.replaceAll(fieldDirectory(name), '').split('\n');
    throw error;
  }
  return [];
}

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');

/** Packets of some cases name the server that they are for. */
const NAMED_SERVER = '10.77.0.1';

test('02: the other card of a record is offered its address, once the network was asked for it', async () => {
  const two = await open('02', NAMED_SERVER);
  expect(two.reply('1-discover-card1.hex').message).toMatchObject({
    yiaddr: '10.77.0.20',
    file: 'snponly.efi',
  });
  expect(two.reply('2-request-card1.hex').message.yiaddr).toBe('10.77.0.20');
  const decision = two.send('3-discover-card2.hex');
  expect(decision).toMatchObject({ kind: 'reply', probe: '10.77.0.20', message: { yiaddr: '10.77.0.20' } });
});

test('05: a board that has another machine’s UUID has neither its address nor its name, and is named', async () => {
  const twin = await open('05', NAMED_SERVER);
  const stranger = twin.send('1-discover-stranger.hex');
  expect(stranger).toMatchObject({ kind: 'reply', message: { yiaddr: '10.77.0.100' } });
  expect(stranger.events.map(({ kind }) => kind)).toEqual(['machine.conflict', 'dhcp.offer']);
  expect(stranger.events[0]?.summary).toMatch(
    /^network card 52:54:00:07:00:31 sends the UUID of machine twin,/,
  );
  const refused = twin.reply('2-request-stranger.hex').message;
  expect([hex(refused.options.get(53)), refused.yiaddr]).toEqual(['06', '0.0.0.0']);
  const declared = twin.reply('3-discover-declared.hex').message;
  expect(declared.yiaddr).toBe('10.77.0.24');
  expect(readText(declared.options, 12)).toBe('twin');
});

test('06: a disabled machine has its options and its lease time, and nothing to boot', async () => {
  const { message } = (await open('06')).reply('1-discover.hex');
  expect(message).toMatchObject({ yiaddr: '10.77.0.22', file: '' });
  expect([51, 6, 26].map((code) => hex(message.options.get(code)))).toEqual(['00015180', '0a4d0063', '0578']);
  expect([43, 60, 66, 67].filter((code) => message.options.has(code))).toEqual([]);
});

test('an option with the wrong type is refused, with its place', async () => {
  expect(await refusal('07')).toEqual([
    expect.stringMatching(
      /railhead\.yaml:10:\d+: .*option 6 \(Domain Name Server, RFC 2132\) has the type ip-list, not text/,
    ),
    expect.stringMatching(
      /railhead\.yaml:11:\d+: .*option 42 \(NTP Servers, RFC 2132\) has the type ip-list, not text/,
    ),
  ]);
});

test('a Raspberry Pi 5 gets its menu, and the server in option 66', async () => {
  const { message } = (await open('08')).reply('1-discover.hex');
  expect(Buffer.from(message.options.get(43) ?? []).toString('latin1')).toContain('Raspberry Pi Boot');
  expect(readText(message.options, 66)).toBe(SERVER);
  expect(message).toMatchObject({ siaddr: SERVER, file: '' });
});

test('InfiniBand is offered an address, whatever its hardware address', async () => {
  const infiniband = await open('09');
  expect(infiniband.reply('1-discover-hlen8.hex').message).toMatchObject({
    htype: 32,
    hlen: 8,
    yiaddr: '10.77.0.27',
  });
  expect(infiniband.reply('2-discover-hlen6.hex').message).toMatchObject({
    htype: 32,
    hlen: 6,
    file: 'undionly.kpxe',
  });
});

describe('BOOTP', () => {
  test('without a cookie: a reply in the header fields', async () => {
    const { message, bytes } = (await open('10')).reply('1-no-cookie.hex');
    expect(message).toMatchObject({ yiaddr: '10.77.0.26', siaddr: SERVER, file: 'undionly.kpxe' });
    expect(bytes.length).toBe(300);
    expect(hex(bytes.subarray(236))).toBe('00'.repeat(64));
  });

  test('with a cookie: 300 bytes, mask, router and what else fits, nothing that contradicts the file', async () => {
    const { message, bytes } = (await open('10')).reply('2-cookie.hex');
    expect(bytes.length).toBe(300);
    expect(message).toMatchObject({ yiaddr: '10.77.0.26', file: 'undionly.kpxe' });
    const codes = [...message.options.keys()];
    expect(codes.slice(0, 3)).toEqual([1, 3, 6]);
    expect(codes.filter((code) => [43, 51, 53, 54, 66, 67].includes(code))).toEqual([]);
  });
});

test('option 121 without a default route beside routers causes a warning', async () => {
  const { warnings } = await open('12');
  expect(warnings.filter((line) => line.includes('"setting":"networks.0.options.0"'))).toEqual([
    expect.stringContaining('routers is ignored by clients that support option 121 (RFC 3442)'),
  ]);
  expect(warnings.join('')).toContain('add {destination: 0.0.0.0/0, router: 10.77.0.1}');
});

describe('U-Boot', () => {
  test('without PXE: the program of its record in the header, and the server', async () => {
    const { message } = (await open('14')).reply('1-discover-plain.hex');
    expect(message).toMatchObject({ yiaddr: '10.77.0.21', siaddr: SERVER, file: 'boot.scr.uimg' });
    expect(message.options.has(60)).toBe(false);
  });

  test('of architecture 22, without a record: a default', async () => {
    const { message } = (await open('14')).reply('2-discover-arch22.hex');
    expect(message).toMatchObject({ siaddr: SERVER, file: 'boot.scr.uimg' });
  });
});

test('if another host is the TFTP server, its address and the usual name', async () => {
  const { message } = (await open('15')).reply('1-discover.hex');
  expect(message).toMatchObject({ siaddr: '10.77.0.3', file: 'snponly.efi' });
  expect(readText(message.options, 67)).toBe('snponly.efi');
  expect(readText(message.options, 66)).toBe('10.77.0.3');
  expect(readAddress(message.options, 54)).toBe(SERVER);
});

describe('mistakes in settings and catalog that are reported', () => {
  test('two names in domain', async () => {
    expect(await refusal('19')).toEqual([
      expect.stringMatching(
        /railhead\.yaml:\d+:\d+: networks\.0\.domain: "a\.example\.com b\.example\.com" is more than one name/,
      ),
    ]);
  });

  test('a boot program that is a URL', async () => {
    const loaded = await loadCatalog(fieldDirectory('19'), AFTERWARDS);
    expect(JSON.stringify(loaded)).toContain(
      '"tftp://10.0.0.3/x\\" is a URL: give the name of the file alone',
    );
  });
});

test('a group that selects by vendor class gives its options', async () => {
  const { message } = (await open('13')).reply('1-discover.hex');
  expect(readText(message.options, 66)).toBe('https://phones.example.com');
});
