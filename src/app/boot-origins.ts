import type { Endpoint } from '../protocol/endpoint.ts';

const ANY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** The origins of the boot plane over HTTP, for answers of DHCP and TFTP. */
export class BootOrigins {
  readonly #publicUrl: string | undefined;
  #endpoints: readonly Endpoint[];

  /** `listen` is what the settings say; a port 0 in it becomes known only when HTTP listens. */
  constructor(settings: { readonly listen: readonly Endpoint[]; readonly public_url?: string | undefined }) {
    this.#publicUrl = settings.public_url;
    this.#endpoints = settings.listen;
  }

  /**
   * Sets the addresses on which HTTP listens. Called before TFTP and DHCP start, so that no answer contains a port 0. The
   * object is needed earlier: the DHCP engine, which HTTP asks about clients, is made with it.
   */
  listensOn(endpoints: readonly Endpoint[]): void {
    this.#endpoints = endpoints;
  }

  /**
   * The origin for a machine that reaches us at this address: `http.public_url`, or else the port of the listener on
   * that address or on all addresses. If no listener has it, the first one is used, since a router may forward to it.
   */
  originFor(serverAddress: string): string {
    if (this.#publicUrl !== undefined) return this.#publicUrl;
    const listener =
      this.#endpoints.find(({ host }) => host === serverAddress) ??
      this.#endpoints.find(({ host }) => ANY_ADDRESS.has(host));
    if (listener !== undefined) return `http://${serverAddress}:${listener.port}`;
    const [first] = this.#endpoints;
    return `http://${first?.host ?? serverAddress}:${first?.port ?? 80}`;
  }
}
