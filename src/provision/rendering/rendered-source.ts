/** One source of an Ignition config after its template was rendered. */
export interface RenderedSource {
  /** Name of the template; its ending says what it is: `.ign` is Ignition, anything else Butane. */
  readonly name: string;
  /** The template as it was written, to find the place that an error is about. */
  readonly template: string;
  readonly text: string;
}
