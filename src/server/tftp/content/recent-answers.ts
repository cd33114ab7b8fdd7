/** Answers that are remembered at once; more than a storm asks for within a moment. */
const ANSWERS_MAX = 1000;

interface Answer<T> {
  readonly value: Promise<T>;
  readonly askedMs: number;
}

/**
 * What the disk has said lately. A rack that boots asks for the same few files hundreds of times a second, and every
 * look at the disk is a way to another thread and back. Who asks while an answer is on its way waits for the same one.
 */
export class RecentAnswers<T> {
  readonly #freshMs: number;
  readonly #nowMs: () => number;
  /** Oldest first. */
  readonly #answers = new Map<string, Answer<T>>();

  /** An answer holds for `freshMs` from when it was asked for. */
  constructor(freshMs: number, nowMs: () => number) {
    this.#freshMs = freshMs;
    this.#nowMs = nowMs;
  }

  /** The answer, remembered or by `ask`. Rejects as `ask` does, which is not remembered. */
  get(question: string, ask: () => Promise<T>): Promise<T> {
    const nowMs = this.#nowMs();
    const known = this.#answers.get(question);
    if (known !== undefined && nowMs - known.askedMs < this.#freshMs) return known.value;
    for (const [old, { askedMs }] of this.#answers) {
      if (nowMs - askedMs < this.#freshMs && this.#answers.size < ANSWERS_MAX) break;
      this.#answers.delete(old);
    }
    const answer = { value: ask(), askedMs: nowMs };
    this.#answers.set(question, answer);
    answer.value.catch(() => {
      if (this.#answers.get(question) === answer) this.#answers.delete(question);
    });
    return answer.value;
  }

  /** Forgets an answer that has turned out wrong. */
  forget(question: string): void {
    this.#answers.delete(question);
  }
}
