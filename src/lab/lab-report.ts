import { styleText } from 'node:util';
import { printableText } from '../provision/history/printable-text.ts';
import type { RackMachine } from './rack.ts';

/** The result of a machine. */
export interface LabResult {
  readonly machine: RackMachine;
  readonly role: string;
  /** As its own root file system has it after Ignition; undefined if the boot did not get that far. */
  readonly hostname: string | undefined;
  /** The reason for a failure, in one line. */
  readonly failure: string | undefined;
  /** The last lines that a failed machine printed. */
  readonly consoleEnding: readonly string[];
  readonly seconds: number;
}

/** The longest kind of event is `http.boot_program`. */
const KIND_WIDTH = 17;
const NAME_WIDTH = 6;
const COLUMNS = ['machine', 'firmware', 'MAC', 'role', 'host name', 'result'];

/** The output of a lab, line by line. Control characters in what machines print are escaped. */
export class LabReport {
  readonly #print: (line: string) => void;
  readonly #colours: boolean;
  #hasEvents = false;

  constructor(print: (line: string) => void, colours: boolean) {
    this.#print = print;
    this.#colours = colours;
  }

  /** The next step, in one line. */
  title(text: string): void {
    this.#print(this.#paint('bold', text));
    this.#print('');
  }

  /** A fact about the whole rack. */
  fact(name: string, text: string): void {
    this.#print(`  ${this.#paint('dim', name.padEnd(7))}  ${text}`);
  }

  /** An action of a machine, or on it. An empty line separates the first one from the facts. */
  event(seconds: number, machine: string, kind: string, text: string): void {
    if (!this.#hasEvents) this.#print('');
    this.#hasEvents = true;
    const time = this.#paint('dim', `${seconds.toFixed(1).padStart(6)} s`);
    const what = kind === 'failed' ? this.#paint('red', kind.padEnd(KIND_WIDTH)) : kind.padEnd(KIND_WIDTH);
    this.#print(`${time}  ${machine.padEnd(NAME_WIDTH)}  ${what}  ${printableText(text)}`);
  }

  /** A table with one machine per row, and the console of each that failed. */
  summary(results: readonly LabResult[]): void {
    const rows = results.map(({ failure, hostname, machine, role, seconds }) => [
      machine.name,
      machine.firmware,
      machine.mac,
      role,
      printableText(hostname ?? '-'),
      failure === undefined ? `booted in ${seconds.toFixed(0)} s` : `failed: ${printableText(failure)}`,
    ]);
    const widths = COLUMNS.map((title, column) =>
      Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
    );
    const line = (row: readonly string[]): string =>
      `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd();
    this.#print('');
    this.#print(this.#paint('dim', line(COLUMNS)));
    for (const row of rows) this.#print(line(row));
    for (const { consoleEnding, machine } of results) {
      if (consoleEnding.length > 0) this.note(`The console of ${machine.name} ends:`, consoleEnding, '| ');
    }
  }

  /** A sentence, and lines that belong to it. */
  note(text: string, lines: readonly string[], mark = ''): void {
    this.#print('');
    this.#print(text);
    for (const line of lines) this.#print(`  ${mark}${printableText(line)}`);
  }

  /** The overall result, after the rack was removed. */
  end(results: readonly LabResult[], interrupted: boolean): void {
    const booted = results.filter(({ failure }) => failure === undefined).length;
    const isGood = results.length > 0 && booted === results.length;
    const verdict =
      interrupted && !isGood
        ? 'Interrupted.'
        : `${booted} of ${plural(results.length, 'machine')} went from power-on to a host name of its own.`;
    this.#print('');
    this.#print(`${this.#paint(isGood ? 'green' : 'red', verdict)} The rack is gone.`);
  }

  #paint(style: 'bold' | 'dim' | 'green' | 'red', text: string): string {
    // The caller has checked whether the output supports colour.
    return this.#colours ? styleText(style, text, { validateStream: false }) : text;
  }
}

/** `1 machine`, `2 machines`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
