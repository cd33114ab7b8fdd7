import type { Labels } from '../../provision/selection/labels.ts';

/** A request of the boot plane, read from the socket. */
export interface BootRequest {
  readonly method: string;
  /** Decoded, without a query, beginning with a slash. */
  readonly path: string;
  /** As it came, without the question mark. */
  readonly rawQuery: string;
  readonly labels: Labels;
  /** Where the client is, behind whatever proxies are trusted. */
  readonly remoteAddress: string;
  /** How the client reaches us: `http://10.0.0.2:8080`. */
  readonly origin: string;
  /** The Accept header, by which Ignition tells what it understands. */
  readonly accept: string | undefined;
}
