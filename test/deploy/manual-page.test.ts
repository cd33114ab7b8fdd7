import { spawnSync } from 'node:child_process';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { manualPage } from '../../scripts/manual-page.ts';
import { buildProgram } from '../../src/cli/program.ts';

const page = manualPage(buildProgram(), { version: '1.2.3', date: '2026-11-26' });
/** As a reader sees it, without the spelling of roff. */
const shown = page.replaceAll('\\-', '-').replaceAll('\\e', '\\').replaceAll('\\&', '');

function commandsOf(command: Command): Command[] {
  return command.commands.flatMap((one) => [one, ...commandsOf(one)]);
}

test.each(commandsOf(buildProgram()).map((command) => [pathOf(command), command] as const))(
  '%s is in the page with all its options',
  (name, command) => {
    const [, ...after] = shown.split(`.SS "${name}`);
    expect(after, 'sections of the command').not.toEqual([]);
    const section = after.join('').split('\n.SS ')[0] ?? '';
    expect(section).toContain(command.description().split('\n')[0]);
    for (const { flags } of command.options) expect(section).toContain(`\n.B ${flags}\n`);
  },
);

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

test('every command that the help lists is in the page', () => {
  const listed = [
    ...buildProgram()
      .helpInformation()
      .matchAll(/^ {2}([a-z]+)\b/gm),
  ].map(([, name]) => name);
  expect(listed).toEqual(expect.arrayContaining(['serve', 'check', 'doctor', 'machines', 'help']));
  for (const name of listed) expect(shown).toMatch(new RegExp(`^\\.SS "railhead ${name}\\b`, 'm'));
});

test('the page has the version, and no line of text that roff takes for a request', () => {
  expect(page).toMatch(/^\.TH RAILHEAD 1 "2026\\-11\\-26" "railhead 1\.2\.3" "User Commands"\n/);
  for (const line of page.split('\n').filter((one) => /^[.']/.test(one)))
    expect(line).toMatch(/^\.(?:TH|SH|SS|TP|B)\b/);
});

test.skipIf(spawnSync('groff', ['--version']).status !== 0)('groff has nothing to say against it', () => {
  const { status, stderr } = spawnSync('groff', ['-man', '-ww', '-Tutf8', '-z'], {
    input: page,
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
});
