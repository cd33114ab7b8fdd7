import type { Logger } from 'pino';
import type { Settings } from '../config/schema.ts';
import type { Counters } from '../limits/counters.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Clock } from './clock.ts';
import type { ReplaceableParts } from './replaceable-parts.ts';

/** What every part of the program gets. */
export interface Environment {
  readonly settings: Settings;
  readonly log: Logger;
  readonly counters: Counters;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly parts: ReplaceableParts;
}
