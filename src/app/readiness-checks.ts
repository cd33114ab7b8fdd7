import type { Readiness } from '../host/readiness.ts';

/** Why a part of the program cannot serve, a sentence for each reason; undefined or none if it can. */
export type ReadinessCheck = () => string | readonly string[] | undefined;

/** Asks every part of the program whether it can serve, for `/readyz`. */
export class ReadinessChecks {
  readonly #checks: ReadinessCheck[] = [];

  add(check: ReadinessCheck): void {
    this.#checks.push(check);
  }

  check(): Readiness {
    const reasons = this.#checks.flatMap((check) => check() ?? []);
    return { ready: reasons.length === 0, reasons };
  }
}
