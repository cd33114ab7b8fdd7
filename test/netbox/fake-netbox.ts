import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

type Row = Record<string, unknown> & { readonly id: number };

/** A device as NetBox 4.x shows it, with the fields that every device has. */
export function someDevice(id: number, more: Record<string, unknown> = {}): Row {
  return {
    id,
    url: `http://netbox/api/dcim/devices/${id}/`,
    name: `node${id}`,
    device_type: { id: 1, model: 'R640', slug: 'r640' },
    role: { id: 1, name: 'Worker', slug: 'worker' },
    tenant: null,
    platform: null,
    serial: `S${id}`,
    site: { id: 1, name: 'Frankfurt 1', slug: 'fra1' },
    location: null,
    rack: { id: 7, name: 'R7' },
    position: 12,
    status: { value: 'active', label: 'Active' },
    primary_ip4: { id, address: `10.0.1.${id}/24` },
    cluster: null,
    tags: [],
    custom_fields: { railhead_state: null, railhead_address: null, bios: null },
    ...more,
  };
}

/** An interface as NetBox 4.2 shows it. */
export function someInterface(
  id: number,
  device: number,
  mac: string | null,
  more: Record<string, unknown> = {},
): Row {
  return {
    id,
    name: `eth${id}`,
    device: { id: device, name: `node${device}` },
    enabled: true,
    mgmt_only: false,
    mac_address: mac,
    mac_addresses: mac === null ? [] : [{ id, mac_address: mac }],
    ...more,
  };
}

/**
 * The part of NetBox's REST API that is used, with the answers of its published OpenAPI document: pages with `next`,
 * errors as `detail`, tokens in the Authorization header. It can be made to misbehave.
 */
export class FakeNetBox {
  devices: Row[] = [];
  interfaces: Row[] = [];
  /** Every request, as `GET /api/dcim/devices/?limit=2`. */
  readonly requests: string[] = [];
  readonly patches: { readonly path: string; readonly body: unknown }[] = [];
  /** Answers these instead, one for each request. */
  readonly misbehaviours: {
    readonly status: number;
    readonly body: string;
    readonly headers?: Record<string, string>;
  }[] = [];
  pageMax = 2;
  /** What `next` begins with; its own address if empty. */
  nextOrigin = '';
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      void bodyOf(request).then((body) => {
        this.requests.push(`${request.method} ${request.url}`);
        const instead = this.misbehaviours.shift();
        const {
          headers = {},
          status,
          text,
        } = instead === undefined ? this.#answer(request, body) : { ...instead, text: instead.body };
        response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
      });
    });
  }

  async start(): Promise<URL> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return new URL(this.#origin);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get #origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #answer(
    request: IncomingMessage,
    body: string,
  ): { status: number; text: string; headers?: Record<string, string> } {
    if (request.headers.authorization !== 'Token secret-of-netbox') {
      return { status: 403, text: '{"detail":"Invalid token"}' };
    }
    const url = new URL(request.url ?? '', this.#origin);
    if (request.method === 'PATCH') {
      const patch = JSON.parse(body) as { custom_fields: object };
      this.patches.push({ path: url.pathname, body: patch });
      const id = Number(/(\d+)\/$/.exec(url.pathname)?.[1]);
      this.devices = this.devices.map((device) =>
        device.id === id
          ? { ...device, custom_fields: { ...(device['custom_fields'] as object), ...patch.custom_fields } }
          : device,
      );
      return { status: 200, text: '{}' };
    }
    if (url.pathname === '/api/dcim/devices/') return this.#page(url, this.#wantedDevices(url));
    if (url.pathname === '/api/dcim/interfaces/') {
      const ids = url.searchParams.getAll('device_id').map(Number);
      return this.#page(
        url,
        this.interfaces.filter(({ device }) => ids.includes((device as Row).id)),
      );
    }
    return { status: 404, text: '{"detail":"Not found."}' };
  }

  #wantedDevices(url: URL): Row[] {
    const site = url.searchParams.get('site');
    return this.devices.filter(
      (device) => site === null || (device['site'] as { slug: string }).slug === site,
    );
  }

  #page(url: URL, rows: readonly Row[]): { status: number; text: string } {
    const offset = Number(url.searchParams.get('offset') ?? 0);
    const limit = Math.min(this.pageMax, Number(url.searchParams.get('limit') ?? this.pageMax));
    const next = new URL(url);
    next.searchParams.set('offset', String(offset + limit));
    const text = next.href.replace(this.#origin, this.nextOrigin === '' ? this.#origin : this.nextOrigin);
    return {
      status: 200,
      text: JSON.stringify({
        count: rows.length,
        next: offset + limit < rows.length ? text : null,
        previous: null,
        results: rows.slice(offset, offset + limit),
      }),
    };
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
