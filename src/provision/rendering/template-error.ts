/** A template that cannot be compiled, or that could not be rendered with the values at hand. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  /** Name of the template, a path below profiles/. */
  readonly template: string;
  /** Where in the template, counted from 1; absent when the place is not known. */
  readonly line?: number;
  readonly column?: number;

  constructor(template: string, message: string, place?: { line: number; column: number }) {
    super(message);
    this.template = template;
    if (place !== undefined) {
      this.line = place.line;
      this.column = place.column;
    }
  }

  /** One line: `worker.bu:3:7: "ssh_key" is not defined`. */
  describe(): string {
    const place = this.line === undefined ? '' : `:${this.line}:${this.column}`;
    return `${this.template}${place}: ${this.message}`;
  }
}
