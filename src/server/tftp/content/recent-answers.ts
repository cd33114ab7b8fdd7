/** Maximum number of remembered answers; more than a boot storm asks for within a moment. */
const ANSWERS_MAX = 1000;

interface Answer<T> {
  readonly value: Promise<T>;
  readonly askedMs: number;
}

/**
 * Recent results of disk look-ups. A rack that boots requests the same few files hundreds of times a second, and every
 * disk look-up is a round trip to another thread. Requests that arrive while a look-up is running wait for its result.
 */
export class RecentAnswers<T> {
  readonly #freshMs: number;
  readonly #nowMs: () => number;
  /** Oldest first. */
  readonly #answers = new Map<string, Answer<T>>();

  /** An answer is valid for `freshMs` from when it was asked for. */
  constructor(freshMs: number, nowMs: () => number) {
    this.#freshMs = freshMs;
    this.#nowMs = nowMs;
  }

  /** The answer, remembered or from `ask`. Rejects as `ask` does, which is not remembered. */
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

  /** Forgets an answer that turned out to be wrong. */
  forget(question: string): void {
    this.#answers.delete(question);
  }
}
