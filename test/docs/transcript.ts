/** One command of a document, and the answer that is printed below it. */
export interface DocumentedCommand {
  /** The heading that it is under. */
  readonly section: string;
  readonly line: number;
  readonly command: string;
  readonly answer: readonly string[];
}

const PROMPT = '    $ ';

/**
 * The commands of a document: lines of an indented block that begin with `$`, each with the lines up to the next one.
 * A command that ends in `|` or `\` goes on in the next line.
 */
export function documentedCommands(text: string): DocumentedCommand[] {
  const commands: { section: string; line: number; command: string; answer: string[] }[] = [];
  let section = '';
  let isOpen = false;
  let isFenced = false;
  for (const [index, line] of text.split('\n').entries()) {
    if (line.startsWith('```')) isFenced = !isFenced;
    if (isFenced) continue;
    const current = commands.at(-1);
    if (line.startsWith('#')) section = line.replace(/^#+ /, '');
    if (line.startsWith(PROMPT)) {
      commands.push({ section, line: index + 1, command: line.slice(PROMPT.length), answer: [] });
      isOpen = true;
    } else if (line !== '' && !line.startsWith('    ')) {
      isOpen = false;
    } else if (isOpen && current !== undefined) {
      const content = line.slice(4);
      if (/[|\\]$/.test(current.command) && current.answer.length === 0) current.command += `\n${content}`;
      else current.answer.push(content.trimEnd());
    }
  }
  for (const { answer } of commands) while (answer.at(-1) === '') answer.pop();
  return commands;
}

/** Whether an answer is what a document says; a line of `...` there stands for any number of lines. */
export function isAsDocumented(answer: readonly string[], documented: readonly string[]): boolean {
  const pattern = documented.map((line) => (line === '...' ? '(?:.*\n)*?' : `${escaped(line)}\n`)).join('');
  return new RegExp(`^${pattern}$`).test(answer.map((line) => `${line}\n`).join(''));
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
