import type { MacAddress } from '../protocol/mac-address.ts';
import { type BootDiagnosis, diagnoseBoot } from '../provision/history/boot-timeline.ts';
import type { EventStore, StoredBootEvent } from '../store/event-store.ts';

/** What the watcher reports, in order. */
export type WatchNews =
  | { readonly kind: 'event'; readonly event: StoredBootEvent }
  | { readonly kind: 'diagnosis'; readonly diagnosis: BootDiagnosis };

/** Events are written with a delay of a tenth of a second, so more frequent polls show nothing earlier. */
const LOOK_EVERY_MS = 250;
const EVENTS_MAX = 500;
/** Number of polls between two questions to the server whether it can serve. */
const LOOKS_PER_QUESTION = 20;

/**
 * Follows one machine's boot in the store of a running server: the events of its latest session so far, each further
 * event as it is written, and a summary whenever it changes. If `findProblem` returns why the server cannot serve, the
 * summary says that too, whatever the events are: a store that cannot be written gets no more of them. Ends when
 * `signal` aborts; throws if the store breaks.
 */
export async function* watchBoot(
  store: Pick<EventStore, 'listEvents'>,
  mac: MacAddress,
  signal: AbortSignal,
  now: () => Date,
  findProblem: () => Promise<string | undefined>,
): AsyncGenerator<WatchNews> {
  let session: StoredBootEvent[] = [];
  let afterId = 0;
  let told = '';
  let first = true;
  let problem: string | undefined;
  let looks = 0;
  while (!signal.aborted) {
    const query = first ? { mac, limit: EVENTS_MAX } : { mac, afterId, limit: EVENTS_MAX };
    for (const event of relevant(await store.listEvents(query), first)) {
      afterId = event.id;
      if (event.sessionId !== session[0]?.sessionId) session = [];
      session.push(event);
      if (session.length > EVENTS_MAX) session.shift();
      yield { kind: 'event', event };
    }
    first = false;
    if (looks++ % LOOKS_PER_QUESTION === 0) problem = await findProblem();
    const diagnosis = blame(diagnoseBoot(session, now()), problem);
    const text = `${diagnosis.verdict} ${diagnosis.text}`;
    // A boot that makes progress is visible by its events; and "nothing heard" is useful only at the start.
    if (text !== told && diagnosis.verdict !== 'moving') yield { kind: 'diagnosis', diagnosis };
    told = text;
    await pause(LOOK_EVERY_MS, signal);
  }
}

function blame(diagnosis: BootDiagnosis, problem: string | undefined): BootDiagnosis {
  if (problem === undefined) return diagnosis;
  // What happens now is not recorded, so that nobody knows whether a boot moves on.
  return {
    verdict: diagnosis.verdict === 'moving' ? 'stuck' : diagnosis.verdict,
    text: `${diagnosis.text}; ${problem}`,
    advice: 'repair the server first: without a working database it records no events; see its log',
  };
}

/** At the start only the running session is of interest. */
function relevant(events: readonly StoredBootEvent[], first: boolean): readonly StoredBootEvent[] {
  const latest = events.at(-1)?.sessionId;
  return first ? events.filter((event) => event.sessionId === latest) : events;
}

function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, delayMs);
    signal.addEventListener('abort', done);
  });
}
