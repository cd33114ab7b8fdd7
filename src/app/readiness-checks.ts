import type { Readiness } from '../host/readiness.ts';
import type { ListeningPart } from './wanted-parts.ts';

/** Why a part of the program cannot serve, a sentence for each reason; undefined or none if it can. */
export type ReadinessCheck = () => string | readonly string[] | undefined;

/**
 * Asks every part of the program whether it can serve, for `/readyz`. HTTP answers before TFTP and DHCP are started, so
 * the parts that the settings ask for are expected first, and the server is not ready while one of them starts.
 */
export class ReadinessChecks {
  readonly #checks: ReadinessCheck[] = [];
  readonly #starting = new Set<ListeningPart>();
  #isStopping = false;

  add(check: ReadinessCheck): void {
    this.#checks.push(check);
  }

  /** The server is not ready until each of these parts was noted as started. */
  expect(parts: Iterable<ListeningPart>): void {
    for (const part of parts) this.#starting.add(part);
  }

  /** Notes that a part answers, or waits for what `check` says. */
  started(part: ListeningPart, check?: ReadinessCheck): void {
    this.#starting.delete(part);
    if (check !== undefined) this.#checks.push(check);
  }

  /** From now on the server is not ready: its parts are closed one after the other. */
  stopping(): void {
    this.#isStopping = true;
  }

  check(): Readiness {
    const reasons = [
      ...(this.#isStopping ? ['the server is stopping'] : []),
      ...[...this.#starting].map((part) => `${part} is still starting`),
      ...this.#checks.flatMap((check) => check() ?? []),
    ];
    return { ready: reasons.length === 0, reasons };
  }
}
