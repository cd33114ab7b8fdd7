import type { Command, Help } from 'commander';

/** What the manual page says of the release. */
export interface Release {
  readonly version: string;
  /** Its day, `2026-11-26`. */
  readonly date: string;
}

const FILES: readonly (readonly [file: string, what: string])[] = [
  ['/etc/railhead/railhead.yaml', 'settings'],
  ['/etc/railhead/profiles, /etc/railhead/groups, /etc/railhead/machines', 'what machines boot'],
  ['/etc/railhead/token', 'the token of the API'],
  ['/var/lib/railhead/railhead.db', 'leases, machines and history'],
  ['/var/lib/railhead/assets', 'kernels, initrds and images'],
];

const EXIT_STATUSES: readonly (readonly [status: string, what: string])[] = [
  ['0', 'done'],
  ['1', 'the input or the answer is bad'],
  ['2', 'wrong usage'],
];

/** railhead(1) in the format of man(7): every command and option as the program's own help has them. */
export function manualPage(program: Command, { date, version }: Release): string {
  const help = program.createHelp();
  return [
    `.TH RAILHEAD 1 ${quoted(date)} ${quoted(`railhead ${version}`)} "User Commands"`,
    '.SH NAME',
    'railhead \\- network\\-boots machines into Flatcar Container Linux',
    '.SH SYNOPSIS',
    `.B railhead\n${escaped('[options] <command>')}`,
    '.SH DESCRIPTION',
    escaped(program.description()),
    '.SH OPTIONS',
    ...optionsOf(program, help),
    '.SH COMMANDS',
    ...help.visibleCommands(program).flatMap((command) => section(command, help)),
    '.SH FILES',
    ...FILES.flatMap(([file, what]) => entry(file, what)),
    '.SH EXIT STATUS',
    ...EXIT_STATUSES.flatMap(([status, what]) => entry(status, what)),
    '.SH SEE ALSO',
    escaped(
      'The pages in /usr/share/doc/railhead/docs, and the examples in /usr/share/doc/railhead/examples.',
    ),
    '',
  ].join('\n');
}

/** A command and those below it. */
function section(command: Command, help: Help): string[] {
  return [
    `.SS ${quoted(help.commandUsage(command))}`,
    escaped(help.commandDescription(command)),
    ...help
      .visibleArguments(command)
      .flatMap((argument) => entry(help.argumentTerm(argument), help.argumentDescription(argument))),
    ...optionsOf(command, help),
    ...commandsBelow(command, help),
  ];
}

function optionsOf(command: Command, help: Help): string[] {
  return help
    .visibleOptions(command)
    .flatMap((option) => entry(help.optionTerm(option), help.optionDescription(option)));
}

/** Commander gives every command with others below it a `help`, which the page need not repeat. */
function commandsBelow(command: Command, help: Help): string[] {
  const below = help.visibleCommands(command).filter((one) => one.name() !== 'help');
  return below.flatMap((one) => section(one, help));
}

function entry(term: string, text: string): string[] {
  return ['.TP', `.B ${escaped(term)}`, escaped(text)];
}

/** Text as roff shows it: a hyphen stays one that can be copied, and nothing is a request. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/gm, '\\&');
}

function quoted(text: string): string {
  return `"${escaped(text).replaceAll('"', '""')}"`;
}
