import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Ipv4Address } from '../../../../src/protocol/ipv4-address.ts';
import { bootProgramContent } from '../../../../src/server/tftp/content/boot-program-content.ts';
import {
  DirectoryContent,
  type DirectorySettings,
} from '../../../../src/server/tftp/content/directory-content.ts';
import { HotFiles } from '../../../../src/server/tftp/content/hot-files.ts';
import { firstContentOf, type TftpContent } from '../../../../src/server/tftp/content/tftp-content.ts';
import { virtualContent } from '../../../../src/server/tftp/content/virtual-content.ts';

const client = '10.0.1.7' as Ipv4Address;

let folder: string;
let nowMs = 0;
const now = (): number => nowMs;
const directory = (settings: DirectorySettings, hot = new HotFiles()): DirectoryContent =>
  new DirectoryContent(settings, hot, now);

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-content-'));
  for (const name of [
    'boot/grub.cfg',
    'common',
    '10.0.1.7/own',
    '10.0.1.7/common',
    '9ffefdf7/start4.elf',
    'rpi/default/start4.elf',
    'rpi/default/config.txt',
    'Boot/BCD',
    'programs/snponly.efi',
    'programs/secret.conf',
  ]) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, name);
  }
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The result for a name: the content, which in these tests is the file's path; otherwise the kind of the answer. */
async function served(content: TftpContent, asked: string): Promise<string> {
  const answer = await content.open({ path: asked, clientAddress: client, localAddress: client });
  return answer.kind === 'bytes' ? Buffer.from(answer.bytes).toString() : answer.kind;
}

describe('a folder', () => {
  test.each([
    ['boot/grub.cfg', 'boot/grub.cfg'],
    ['own', '10.0.1.7/own'],
    // Files for this client alone come before files for all.
    ['common', '10.0.1.7/common'],
    ['9ffefdf7/start4.elf', '9ffefdf7/start4.elf'],
    ['9ffefdf7/config.txt', 'rpi/default/config.txt'],
    ['dc-a6-32-01-02-03/start4.elf', 'rpi/default/start4.elf'],
    ['9ffefdf7/nothing', 'not-found'],
    ['boot/bcd', 'not-found'],
    ['boot', 'not-found'],
  ])('%s: %s', async (asked, expected) => {
    expect(await served(directory({ roots: [folder] }), asked)).toBe(expected);
  });

  test.each([
    ['BOOT/bcd', 'Boot/BCD'],
    ['COMMON', '10.0.1.7/common'],
    ['boot/nothing', 'not-found'],
  ])('case-insensitively, %s: %s', async (asked, expected) => {
    const content = directory({ roots: [folder], caseInsensitive: true });
    expect(await served(content, asked)).toBe(expected);
  });

  test('follows links that stay in it, or lead to folders that the settings allow', async () => {
    const root = path.join(folder, 'boot');
    symlinkSync('grub.cfg', path.join(root, 'inside'));
    symlinkSync('../programs/snponly.efi', path.join(root, 'outside'));
    symlinkSync('../common', path.join(root, 'elsewhere'));
    const strict = directory({ roots: [root] });
    expect(await served(strict, 'inside')).toBe('boot/grub.cfg');
    expect(await served(strict, 'outside')).toBe('refused');
    const lenient = directory({ roots: [root], linkTargets: [path.join(folder, 'programs')] });
    expect(await served(lenient, 'outside')).toBe('programs/snponly.efi');
    expect(await served(lenient, 'elsewhere')).toBe('refused');
  });

  test('is searched after one that has the file, and before one that does not exist', async () => {
    const roots = [path.join(folder, 'nothing'), path.join(folder, 'rpi/default'), folder];
    const content = directory({ roots });
    expect(await served(content, 'start4.elf')).toBe('rpi/default/start4.elf');
    expect(await served(content, 'boot/grub.cfg')).toBe('boot/grub.cfg');
  });
});

describe('the contents of a folder are remembered for a moment', () => {
  const streamed = (): HotFiles => new HotFiles({ fileBytesMax: 0, totalBytesMax: 0 });

  /** The data read from a file that is not kept in memory. */
  async function streamedText(content: TftpContent, asked: string): Promise<string> {
    const answer = await content.open({ path: asked, clientAddress: client, localAddress: client });
    if (answer.kind !== 'stream') return answer.kind;
    const bytes = Buffer.alloc(answer.stream.size);
    await answer.stream.read(bytes, 0);
    await answer.stream.close();
    return bytes.toString();
  }

  test('a changed file is noticed after 100 ms', async () => {
    const content = directory({ roots: [folder] });
    expect(await served(content, 'boot/grub.cfg')).toBe('boot/grub.cfg');
    writeFileSync(path.join(folder, 'boot/grub.cfg'), 'written');
    nowMs += 99;
    expect(await served(content, 'boot/grub.cfg')).toBe('boot/grub.cfg');
    nowMs += 1;
    expect(await served(content, 'boot/grub.cfg')).toBe('written');
  });

  test.each([
    ['replaced', 'new', () => {
      writeFileSync(path.join(folder, 'new'), 'new');
      renameSync(path.join(folder, 'new'), path.join(folder, 'boot/grub.cfg'));
    }],
    ['written', 'longer than it was', () => writeFileSync(path.join(folder, 'boot/grub.cfg'), 'longer than it was')],
    ['deleted', 'not-found', () => rmSync(path.join(folder, 'boot/grub.cfg'))],
    ['replaced by a folder', 'not-found', () => {
      rmSync(path.join(folder, 'boot/grub.cfg'));
      mkdirSync(path.join(folder, 'boot/grub.cfg'));
    }],
  ])('but a file that must be opened is checked again when it was %s', async (_name, expected, change) => {
    const content = directory({ roots: [folder] }, streamed());
    expect(await streamedText(content, 'boot/grub.cfg')).toBe('boot/grub.cfg');
    change();
    expect(await streamedText(content, 'boot/grub.cfg')).toBe(expected);
  }); // prettier-ignore

  test("a client's own folder is noticed after a second, its files after 100 ms", async () => {
    const content = directory({ roots: [folder] });
    const other = '10.0.1.8' as Ipv4Address;
    const servedToOther = async (): Promise<string> => {
      const answer = await content.open({ path: 'common', clientAddress: other, localAddress: client });
      return answer.kind === 'bytes' ? Buffer.from(answer.bytes).toString() : answer.kind;
    };
    expect(await servedToOther()).toBe('common');
    mkdirSync(path.join(folder, other));
    writeFileSync(path.join(folder, other, 'common'), 'first');
    nowMs += 999;
    expect(await servedToOther()).toBe('common');
    nowMs += 1;
    expect(await servedToOther()).toBe('first');
    writeFileSync(path.join(folder, other, 'common'), 'second');
    nowMs += 100;
    expect(await servedToOther()).toBe('second');
  });
});

describe('boot programs', () => {
  const content = (): TftpContent =>
    bootProgramContent(
      new Map([['snponly.efi', { file: path.join(folder, 'programs/snponly.efi') }]]),
      new HotFiles(),
    );

  test.each([
    ['snponly.efi', 'programs/snponly.efi'],
    ['any/folder/snponly.efi', 'programs/snponly.efi'],
    ['secret.conf', 'not-found'],
    ['programs/secret.conf', 'not-found'],
  ])('%s: %s', async (asked, expected) => {
    expect(await served(content(), asked)).toBe(expected);
  });

  test('that were removed since the start are not found', async () => {
    const programs = content();
    rmSync(path.join(folder, 'programs/snponly.efi'));
    expect(await served(programs, 'snponly.efi')).toBe('not-found');
  });
});

test('the first source that has the file, or refuses it, gives the answer', async () => {
  const made = virtualContent(({ path: asked }) => (asked === 'common' ? undefined : `made ${asked}`));
  const refusing: TftpContent = { open: () => ({ kind: 'refused', reason: 'no' }) };
  const own = directory({ roots: [folder] });
  expect(await served(firstContentOf([made, own]), 'common')).toBe('10.0.1.7/common');
  expect(await served(firstContentOf([made, own]), 'own')).toBe('made own');
  expect(await served(firstContentOf([refusing, own]), 'own')).toBe('refused');
  expect(await served(firstContentOf([]), 'own')).toBe('not-found');
});
