import type { Readiness } from '../host/readiness.ts';

/** What keeps a part of the program from serving, in a sentence; undefined if nothing does. */
export type ReadinessCheck = () => string | undefined;

/** Asks every part of the program whether it can serve, for `/readyz`. */
export class ReadinessChecks {
  readonly #checks: ReadinessCheck[] = [];

  add(check: ReadinessCheck): void {
    this.#checks.push(check);
  }

  check(): Readiness {
    const reasons = this.#checks.map((check) => check()).filter((reason) => reason !== undefined);
    return { ready: reasons.length === 0, reasons };
  }
}
