import path from 'node:path';
import pino from 'pino';
import { SYSTEM_CLOCK } from '../../src/app/clock.ts';
import { Services } from '../../src/app/services.ts';
import { startSharedServices } from '../../src/app/shared-services.ts';
import { loadSettings } from '../../src/config/load-settings.ts';
import { Counters } from '../../src/limits/counters.ts';
import { Metrics } from '../../src/metrics/metrics.ts';
import { PARTS_WITHOUT_THREADS } from '../fakes/parts-without-threads.ts';

/**
 * Starts the shared services over the files of a tree and a SQLite database in it. They are the program's own, except
 * that there are no threads, nothing listens, and files are not watched.
 */
export async function startShared(tree: string) {
  const services = new Services();
  const settings = loadSettings({
    file: path.join(tree, 'railhead.yaml'),
    environment: {},
    flags: [`store.file=${tree}/store.db`, `catalog.dir=${tree}`, 'catalog.watch=false'],
  });
  const log = pino({ level: 'silent' });
  const counters = new Counters();
  const environment = {
    settings,
    log,
    counters,
    metrics: new Metrics(counters, log),
    clock: SYSTEM_CLOCK,
    parts: PARTS_WITHOUT_THREADS,
  };
  return { services, ...(await startSharedServices(environment, services)) };
}
