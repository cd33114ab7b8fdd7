import type { BootEvent } from './boot-event.ts';

/** After this long without an event, the next one belongs to another boot: no firmware waits longer by itself. */
const SILENCE_MS_MAX = 30 * 60_000;
/** Firmware that has its address is not back at its first packet sooner than this, unless the packet was repeated. */
const RESTART_MS_MIN = 10_000;
/** Sessions kept in memory; past it the one that was silent longest is forgotten, and starts anew if it speaks. */
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
 * A session ends by silence, or when a machine that had got further is back at its firmware's first packet. What iPXE
 * and the operating system ask for later belongs to the session that the firmware began.
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
