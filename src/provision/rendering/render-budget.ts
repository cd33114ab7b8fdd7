import { HelperError } from './helper-error.ts';

/** Items that all `each` loops of one rendering may visit together. */
const ITERATIONS_MAX = 100_000;
/** Calls of helpers and prints of variables; a partial counts as some of them. */
const STEPS_MAX = 500_000;
const STEPS_OF_PARTIAL = 20;
/** Characters that helpers, loops and partials of one rendering may write together. */
const CHARACTERS_MAX = 16 * 1024 * 1024;
/** Faults of one rendering that are reported. */
const FAULTS_MAX = 50;

/**
 * The remaining budget of one rendering, so that no template blocks the server, and the faults found so far: rendering
 * continues after a fault, to find the others too. Passed in Handlebars' data frame. Every method throws HelperError
 * when the budget is used up.
 */
export class RenderBudget {
  readonly faults: HelperError[] = [];
  #iterations = ITERATIONS_MAX;
  #steps = STEPS_MAX;
  #characters = CHARACTERS_MAX;

  /** Calls of a helper, or as many steps as something more costly counts. */
  step(steps = 1): void {
    this.#steps -= steps;
    if (this.#steps < 0) throw exhausted(`the template takes more than ${STEPS_MAX} steps`);
  }

  partial(): void {
    this.step(STEPS_OF_PARTIAL);
  }

  iteration(): void {
    if (--this.#iterations < 0) throw exhausted(`loops visit more than ${ITERATIONS_MAX} items`);
  }

  /** Characters that are about to be written, or were. */
  write(characters: number): void {
    this.#characters -= characters;
    if (this.#characters < 0) {
      throw exhausted(`helpers, loops and partials write more than ${CHARACTERS_MAX} characters`);
    }
  }

  /** Notes a fault, once for each place. */
  note(fault: HelperError): void {
    if (this.faults.length >= FAULTS_MAX) return;
    const known = this.faults.some(
      ({ message, place }) =>
        message === fault.message &&
        place?.source === fault.place?.source &&
        place?.start.line === fault.place?.start.line &&
        place?.start.column === fault.place?.start.column,
    );
    if (!known) this.faults.push(fault);
  }
}

function exhausted(message: string): HelperError {
  return new HelperError(message, { ends: true });
}
