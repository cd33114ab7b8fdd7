import type { IdentityClaims } from '../../provision/machines/identification.ts';
import type { Labels } from '../../provision/selection/labels.ts';

/** A request of the boot plane, read from the socket. */
export interface BootRequest {
  readonly method: string;
  /** Decoded, without the query, beginning with a slash. */
  readonly path: string;
  /** The query as it was sent, without the question mark and the token. */
  readonly rawQuery: string;
  /** The token of a boot session, if the query has one: a secret. */
  readonly token?: string | undefined;
  readonly labels: Labels;
  /** The identifying values among the labels. */
  readonly claims: IdentityClaims;
  /** The client's address; behind trusted proxies, the address that they report. */
  readonly remoteAddress: string;
  /** The origin under which the client reaches us: `http://10.0.0.2:8080`. */
  readonly origin: string;
  /** The Accept header, in which Ignition names the specification that it understands. */
  readonly accept: string | undefined;
}
