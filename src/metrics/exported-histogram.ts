import { Histogram, type HistogramConfiguration, type MetricValueWithName } from 'prom-client';
import type { Distribution } from './distribution.ts';

/** What the library writes. */
interface Exported {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: readonly MetricValueWithName<string>[];
}

/**
 * A histogram whose values are in a `Distribution`. That of the library looks up and checks the labels of every value,
 * which costs two in a hundred of the requests that a server can answer.
 */
export class ExportedHistogram extends Histogram {
  readonly #configuration: HistogramConfiguration<string>;
  readonly #distribution: Distribution;

  constructor(configuration: HistogramConfiguration<string>, distribution: Distribution) {
    super(configuration);
    this.#configuration = configuration;
    this.#distribution = distribution;
  }

  /** The values in the form in which the library writes them; it asks this, which its types do not have. */
  getForPromString(): Promise<Exported> {
    const { help, name } = this.#configuration;
    return Promise.resolve({ name, help, type: 'histogram', values: this.#values() });
  }

  #values(): MetricValueWithName<string>[] {
    const { buckets: bounds = [], labelNames = [], name } = this.#configuration;
    return this.#distribution.list().flatMap(({ cumulative, labels: values, sum }) => {
      const labels = Object.fromEntries(labelNames.map((label, index) => [label, values[index] ?? '']));
      const buckets = cumulative.map((value, index) => ({
        metricName: `${name}_bucket`,
        labels: { le: bounds[index] ?? '+Inf', ...labels },
        value,
      }));
      const count = cumulative.at(-1) ?? 0;
      return [
        ...buckets,
        { metricName: `${name}_sum`, labels, value: sum },
        { metricName: `${name}_count`, labels, value: count },
      ];
    });
  }
}
