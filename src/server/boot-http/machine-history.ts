import { parseIpv4 } from '../../protocol/ipv4-address.ts';
import type { MacAddress } from '../../protocol/mac-address.ts';
import type {
  BootEvent,
  BootEventKeeper,
  BootEventSink,
  KeepOutcome,
} from '../../provision/history/boot-event.ts';
import type { MachineLookup } from '../../provision/machines/machine-index.ts';
import type { Answer } from './answer.ts';
import type { BootRequest } from './boot-request.ts';
import { PartialDownloads } from './partial-downloads.ts';
import type { SentAsset } from './send-asset.ts';

/** What the recording of machines' history depends on. */
export interface MachineHistoryParts {
  readonly events: BootEventSink & BootEventKeeper;
  /** Identifies the sender of a request. */
  readonly machines: Pick<MachineLookup, 'identify'>;
  /** The network card behind an address, from leases or the kernel's neighbour table. */
  readonly findMac: (address: string) => MacAddress | undefined;
  readonly now: () => Date;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

/** Records in the history of machines what they were sent. */
export class MachineHistory {
  readonly #parts: MachineHistoryParts;
  readonly #partial = new PartialDownloads();

  constructor(parts: MachineHistoryParts) {
    this.#parts = parts;
  }

  /** Records an event of the machine that sent the request; false if there were too many. */
  record(read: BootRequest, event: NonNullable<Answer['event']>): boolean {
    return this.#parts.events.record(this.#complete(read, event));
  }

  /** Records an event whose sender waits until it is durable. */
  keep(read: BootRequest, event: NonNullable<Answer['event']>): Promise<KeepOutcome> {
    return this.#parts.events.keep(this.#complete(read, event));
  }

  #complete(read: BootRequest, event: NonNullable<Answer['event']>): BootEvent {
    const { findMac, machines, now } = this.#parts;
    const address = parseIpv4(read.remoteAddress);
    const mac = read.claims.mac ?? findMac(read.remoteAddress);
    const { machine } = machines.identify(mac === undefined ? read.claims : { ...read.claims, mac });
    return {
      at: now(),
      ...event,
      ...(mac !== undefined && { mac }),
      ...(address !== undefined && { address }),
      ...(machine !== undefined && { machineId: machine.id }),
    };
  }

  /** Records a file that was sent, as a whole or in part. `startedMs` is the start time by the monotonic clock. */
  recordFile(read: BootRequest, { size, status }: SentAsset, startedMs: number): void {
    const { path, remoteAddress } = read;
    const nowMs = this.#parts.nowMs();
    const kind = path.startsWith('/boot/') ? 'http.boot_program' : 'http.asset';
    if (status === 206) {
      const noted = this.#partial.add(remoteAddress, path, size, nowMs);
      if (noted === undefined) return;
      const { bytes, requests } = noted;
      const summary = `${path}, ${formatSize(bytes)} in ${requests === 1 ? 'a part' : `${requests} parts`}`;
      this.record(read, { kind, summary, detail: { path, bytes, requests } });
      return;
    }
    const seconds = (nowMs - startedMs) / 1000;
    this.record(read, {
      kind,
      summary: `${path}, ${formatSize(size)} in ${seconds.toFixed(1)} s`,
      detail: { path, bytes: size, seconds: Math.round(seconds * 1000) / 1000 },
    });
  }
}

function formatSize(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} kB` : `${Math.round(bytes / 1_000_000)} MB`;
}
