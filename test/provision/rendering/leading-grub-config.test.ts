import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { leadingGrubConfig } from '../../../src/provision/rendering/leading-grub-config.ts';

test.each([
  ['http://10.77.0.1:8080', '(http,10.77.0.1:8080)/grub?$railhead_query'],
  ['http://boot.example', '(http,boot.example)/grub?$railhead_query'],
])('the script of %s can be parsed by GRUB, and leads there', (origin, target) => {
  const script = leadingGrubConfig(origin);
  // GRUB's own parser; it fails and names the line that is invalid.
  execFileSync('grub-script-check', { input: script });
  expect(script).toContain(`configfile "${target}"`);
});
