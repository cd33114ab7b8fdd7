/** A template that cannot be compiled, or that could not be rendered with the values at hand. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  /** Name of the template, a path below profiles/. */
  readonly template: string;
  /** Where in the template, counted from 1; absent when the place is not known. */
  readonly line?: number;
  readonly column?: number;
  /** The other faults; these have no further ones of their own. */
  readonly further: readonly TemplateError[];

  /**
   * `message` may name keys and kinds of values, and never contains a value of metadata, since it is sent to machines.
   */
  constructor(
    template: string,
    message: string,
    place?: { line: number; column: number },
    further: readonly TemplateError[] = [],
  ) {
    super(message);
    this.template = template;
    this.further = further;
    if (place !== undefined) {
      this.line = place.line;
      this.column = place.column;
    }
  }

  /** The same fault together with others. */
  with(others: readonly TemplateError[]): TemplateError {
    const further = [...this.further, ...others].flatMap((error) => error.all());
    const place = this.line === undefined ? undefined : { line: this.line, column: this.column ?? 1 };
    return new TemplateError(this.template, this.message, place, further);
  }

  /** All faults, this one first, as separate errors. */
  all(): TemplateError[] {
    if (this.further.length === 0) return [this];
    const place = this.line === undefined ? undefined : { line: this.line, column: this.column ?? 1 };
    return [new TemplateError(this.template, this.message, place), ...this.further];
  }

  /** One line: `worker.bu:3:7: "ssh_key" is not defined (and 2 more faults)`. */
  describe(): string {
    const place = this.line === undefined ? '' : `:${this.line}:${this.column}`;
    const more = this.further.length;
    const others = more === 0 ? '' : more === 1 ? ' (and 1 more fault)' : ` (and ${more} more faults)`;
    return `${this.template}${place}: ${this.message}${others}`;
  }
}
