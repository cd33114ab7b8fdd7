import type { BootEvent } from './boot-event.ts';

/** After this long without an event, the next one starts another boot session: no firmware waits longer by itself. */
const SILENCE_MS_MAX = 30 * 60_000;
/** Firmware that has an address sends its first packet again only after this time; sooner, it is a repetition. */
const RESTART_MS_MIN = 10_000;
/**
 * Sessions kept in memory. Beyond it the one without events for the longest time is forgotten; its next event starts a
 * new one.
 */
const SESSIONS_MAX = 100_000;

interface Session {
  readonly id: string;
  lastAtMs: number;
  /** Whether the machine got further than asking for an address. */
  progressed: boolean;
}

/**
 * Sorts boot events into boot sessions: one machine's way from its first DHCP packet to its final report.
 *
 * A session ends after a time without events, or when a machine that had got past DHCP sends its firmware's first
 * packet again. Later requests of iPXE and of the operating system belong to the session that the firmware began.
 */
export class BootSessions {
  readonly #sessions = new Map<string, Session>();
  readonly #newId: () => string;

  /** `newId` makes an identifier that no other session has. */
  constructor(newId: () => string) {
    this.#newId = newId;
  }

  /** The session that the event belongs to, which is a new one where a boot begins. */
  assign(event: BootEvent): string {
    const key = event.mac ?? event.address;
    if (key === undefined) return this.#newId();
    const nowMs = event.at.getTime();
    let session = this.#sessions.get(key);
    if (session === undefined || beginsAnew(session, event, nowMs)) {
      session = { id: this.#newId(), lastAtMs: nowMs, progressed: false };
    }
    session.lastAtMs = nowMs;
    if (!isDiscovery(event)) session.progressed = true;
    // Insertion order is order of silence, which makes forgetting the oldest one step.
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    if (this.#sessions.size > SESSIONS_MAX) {
      for (const oldest of this.#sessions.keys()) {
        this.#sessions.delete(oldest);
        break;
      }
    }
    return session.id;
  }
}

function beginsAnew(session: Session, event: BootEvent, nowMs: number): boolean {
  if (nowMs - session.lastAtMs > SILENCE_MS_MAX) return true;
  return isDiscovery(event) && session.progressed && nowMs - session.lastAtMs > RESTART_MS_MIN;
}

/** Whether firmware, and not iPXE or an operating system, is asking for its first address. */
function isDiscovery(event: BootEvent): boolean {
  return (
    (event.kind === 'dhcp.offer' || event.kind === 'proxydhcp.offer') && event.detail['stage'] === 'firmware'
  );
}
