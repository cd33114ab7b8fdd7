import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkUnit } from '../../src/doctor/check-unit.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'railhead-root-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const unit = (folder: string): string => path.join(root, folder, 'railhead.service');

function write(folder: string): void {
  mkdirSync(path.join(root, folder), { recursive: true });
  writeFileSync(unit(folder), '[Service]\n');
}

function link(folder: string, target: string): void {
  mkdirSync(path.join(root, folder), { recursive: true });
  symlinkSync(target, unit(folder));
}

async function found(): Promise<string[]> {
  const findings = await checkUnit(root);
  return findings.map(({ remedy, text, verdict }) =>
    `${verdict}: ${text} -> ${remedy ?? ''}`.replaceAll(`${root}/`, '/'),
  );
}

const OWN = 'usr/lib/systemd/system';

test('without the package there is nothing to say, whatever units there are', async () => {
  expect(await found()).toEqual([]);
  write('etc/systemd/system');
  expect(await found()).toEqual([]);
});

test('the package alone is good', async () => {
  write(OWN);
  expect(await found()).toEqual([
    'ok: systemd uses the unit of the package, /usr/lib/systemd/system/railhead.service -> ',
  ]);
});

test.each(['etc/systemd/system', 'run/systemd/system', 'usr/local/lib/systemd/system'])(
  'a unit in /%s takes the place of the package',
  async (folder) => {
    write(OWN);
    write(folder);
    expect(await found()).toEqual([
      `warning: systemd uses /${folder}/railhead.service and not the unit of the package, /usr/lib/systemd/system/railhead.service: the service may run another program, and upgrades of the package do not change that -> remove it: rm /${folder}/railhead.service && systemctl daemon-reload && systemctl restart railhead; settings of your own belong into: systemctl edit railhead`,
    ]);
  },
);

test('the one that systemd prefers is named', async () => {
  write(OWN);
  write('usr/local/lib/systemd/system');
  write('etc/systemd/system');
  expect(await found()).toEqual([expect.stringContaining('systemd uses /etc/systemd/system/')]);
});

test('drop-ins, and a link to the unit of the package, change nothing', async () => {
  write(OWN);
  write('etc/systemd/system/railhead.service.d');
  link('etc/systemd/system', unit(OWN));
  expect(await found()).toEqual([expect.stringMatching(/^ok: /)]);
});

test('a link to a unit that is gone is named', async () => {
  write(OWN);
  link('etc/systemd/system', '/opt/railhead/deploy/railhead.service');
  expect(await found()).toEqual([expect.stringMatching(/^warning: systemd uses \/etc\//)]);
});

test('a masked unit is named as such', async () => {
  write(OWN);
  link('etc/systemd/system', '/dev/null');
  expect(await found()).toEqual([
    'warning: the service is masked by /etc/systemd/system/railhead.service, so systemd does not start it -> systemctl unmask railhead.service',
  ]);
});

test('a system whose /lib is no link has the unit of the package there', async () => {
  write('lib/systemd/system');
  expect(await found()).toEqual([
    'ok: systemd uses the unit of the package, /lib/systemd/system/railhead.service -> ',
  ]);
});

test('a system whose /lib is a link has one unit of the package', async () => {
  write(OWN);
  symlinkSync('usr/lib', path.join(root, 'lib'));
  write('etc/systemd/system');
  expect(await found()).toEqual([expect.stringMatching(/^warning: systemd uses \/etc\//)]);
});
