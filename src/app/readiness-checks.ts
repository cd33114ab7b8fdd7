import type { PartReadiness, Readiness } from '../host/readiness.ts';
import type { ListeningPart } from './wanted-parts.ts';

/** Why a part of the program cannot serve, a sentence for each reason; undefined or none if it can. */
export type ReadinessCheck = () => string | readonly string[] | undefined;

/** A part of the program that may be unable to serve. */
export type CheckedPart = ListeningPart | 'catalog' | 'store' | 'certificate';

/**
 * Asks every part of the program whether it can serve, for `/readyz`. HTTP answers before TFTP and DHCP are started, so
 * the parts that the settings ask for are expected first, and the server is not ready while one of them starts.
 */
export class ReadinessChecks {
  readonly #checks = new Map<CheckedPart, ReadinessCheck>();
  readonly #starting = new Set<ListeningPart>();
  #isStopping = false;

  add(part: CheckedPart, check: ReadinessCheck): void {
    this.#checks.set(part, check);
  }

  /** The server is not ready until each of these parts was noted as started. */
  expect(parts: Iterable<ListeningPart>): void {
    for (const part of parts) this.#starting.add(part);
  }

  /** Notes that a part answers, or waits for what `check` says. */
  started(part: ListeningPart, check: ReadinessCheck = () => undefined): void {
    this.#starting.delete(part);
    this.#checks.set(part, check);
  }

  /** From now on the server is not ready: its parts are closed one after the other. */
  stopping(): void {
    this.#isStopping = true;
  }

  check(): Readiness {
    const starting = [...this.#starting].map((part): PartReadiness => ({
      part,
      reasons: [`${part} is still starting`],
    }));
    const started = [...this.#checks].map(([part, check]): PartReadiness => ({
      part,
      reasons: [check() ?? []].flat(),
    }));
    const parts = [...starting, ...started];
    const reasons = [
      ...(this.#isStopping ? ['the server is stopping'] : []),
      ...parts.flatMap((part) => part.reasons),
    ];
    return { ready: reasons.length === 0, reasons, parts };
  }
}
