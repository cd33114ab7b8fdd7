/** An address and port to listen on. IPv6 addresses are without brackets. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** `10.0.0.2:8080`, with brackets around IPv6 addresses. */
export function formatEndpoint({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
