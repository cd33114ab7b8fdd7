import type { Endpoint } from '../protocol/endpoint.ts';

const ANY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** Where the boot plane is over HTTP, as machines are told by DHCP and TFTP, which do not come over HTTP themselves. */
export class BootOrigins {
  readonly #publicUrl: string | undefined;
  #endpoints: readonly Endpoint[];

  /** `listen` is what the settings say; a port 0 among them is known only when HTTP listens. */
  constructor(settings: { readonly listen: readonly Endpoint[]; readonly public_url?: string | undefined }) {
    this.#publicUrl = settings.public_url;
    this.#endpoints = settings.listen;
  }

  /** HTTP listens, and this is where. */
  listensOn(endpoints: readonly Endpoint[]): void {
    this.#endpoints = endpoints;
  }

  /**
   * The origin for a machine that reaches us at this address: `http.public_url`, else the port of the listener that has
   * the address, or all addresses. Where no listener has it, the first one is named, since a router may lead there.
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
