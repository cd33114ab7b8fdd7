import type { Logger } from 'pino';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { Counters } from '../limits/counters.ts';
import {
  COUNTS,
  exportedCountName,
  type GaugeName,
  GAUGES,
  type HistogramName,
  HISTOGRAMS,
} from './definitions.ts';
import { Distribution } from './distribution.ts';
import { ExportedHistogram } from './exported-histogram.ts';

/** One value of a gauge, with its labels. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What is exported, in the text format of Prometheus. */
export interface MetricsText {
  readonly contentType: string;
  readonly text: string;
}

/** The metrics of the process itself, as CPU, memory and event loop. They watch the whole process, so there is one. */
let ofProcess: Registry | undefined;

function processMetrics(): Registry {
  if (ofProcess === undefined) collectDefaultMetrics({ register: (ofProcess = new Registry()) });
  return ofProcess;
}

/**
 * All metrics of one running program. Hides the library: others name a metric of `definitions.ts` and give a value.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #distributions = new Map<HistogramName, Distribution>();
  readonly #log: Logger;
  #running: Promise<string> | undefined;

  constructor(counters: Counters, log: Logger) {
    this.#log = log;
    this.#addCounts(counters);
    for (const [name, definition] of Object.entries(HISTOGRAMS)) {
      const distribution = new Distribution(definition.buckets);
      const labelNames = 'labels' in definition ? [...definition.labels] : [];
      this.#distributions.set(name as HistogramName, distribution);
      new ExportedHistogram(
        {
          name,
          help: definition.help,
          labelNames,
          buckets: [...definition.buckets],
          registers: [this.#registry],
        },
        distribution,
      );
    }
  }

  /** Takes a duration, with the values of the labels in the order in which `definitions.ts` names them. */
  observe(name: HistogramName, seconds: number, ...labels: readonly string[]): void {
    this.#distributions.get(name)?.observe(seconds, labels);
  }

  /** Adds a gauge. `read` is called when somebody asks; if it fails, the gauge is left out and the log says why. */
  gauge(name: GaugeName, read: () => Iterable<Sample> | Promise<Iterable<Sample>>): void {
    const definition: { help: string; labels?: readonly string[] } = GAUGES[name];
    const labelNames = [...(definition.labels ?? [])];
    const log = this.#log;
    new Gauge({
      name,
      help: definition.help,
      labelNames,
      registers: [this.#registry],
      async collect() {
        this.reset();
        // Without labels, a gauge that was reset has the value 0, which nobody measured.
        if (labelNames.length === 0) this.remove();
        try {
          for (const { labels = {}, value } of await read()) this.set(labels, value);
        } catch (error) {
          log.error({ err: error, metric: name }, 'this metric could not be read');
        }
      },
    });
  }

  /** All metrics. Those who ask at the same time get the same answer. */
  async text(): Promise<MetricsText> {
    this.#running ??= this.#collect().finally(() => (this.#running = undefined));
    return { contentType: this.#registry.contentType, text: await this.#running };
  }

  async #collect(): Promise<string> {
    return `${await this.#registry.metrics()}\n${await processMetrics().metrics()}`;
  }

  #addCounts(counters: Counters): void {
    for (const [family, definition] of Object.entries(COUNTS)) {
      const label = 'labels' in definition ? definition.labels[0] : undefined;
      new Counter({
        name: exportedCountName(family),
        help: definition.help,
        labelNames: label === undefined ? [] : [label],
        registers: [this.#registry],
        collect() {
          this.reset();
          for (const [value, count] of counters.list().get(family) ?? []) {
            if (label === undefined) this.inc(count);
            else this.inc({ [label]: value }, count);
          }
        },
      });
    }
  }
}
