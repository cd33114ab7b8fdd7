/** A document that is not well-formed YAML, or that does not fit its type; the message starts with `yaml: `. */
export class YamlError extends Error {
  override readonly name = 'YamlError';

  constructor(problem: string) {
    super(`yaml: ${problem}`);
  }
}
