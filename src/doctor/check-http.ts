import type { Endpoint } from '../protocol/endpoint.ts';
import { formatEndpoint } from '../protocol/endpoint.ts';
import type { Finding } from './finding.ts';

const WAIT_MS = 3_000;
/** What an address that stands for all of this host is asked at. */
const LOOPBACK: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** Asks the boot plane over HTTP whether it can serve machines. Port 0 cannot be asked, as nobody knows which it is. */
export async function checkHttp({ host, port }: Endpoint, waitMs = WAIT_MS): Promise<Finding> {
  const check = 'http';
  const place = formatEndpoint({ host: LOOPBACK[host] ?? host, port });
  try {
    const response = await fetch(`http://${place}/readyz`, { signal: AbortSignal.timeout(waitMs) });
    const text = (await response.text()).trim();
    if (response.ok) return { check, verdict: 'ok', text: `HTTP at ${place} is ready to serve machines` };
    return {
      check,
      verdict: 'problem',
      text: `HTTP at ${place} answers and is not ready: ${text.slice(0, 500)}`,
      remedy: 'see the log of the server',
    };
  } catch {
    return {
      check,
      verdict: 'problem',
      text: `HTTP at ${place} does not answer`,
      remedy:
        'check that Railhead runs, with this address in http.listen, and that no firewall drops TCP to it',
    };
  }
}

/** Why a server that answers cannot serve; undefined if it can, or if nobody answers, which may be another's port. */
export async function findServerProblem(
  { host, port }: Endpoint,
  waitMs = WAIT_MS,
): Promise<string | undefined> {
  const place = formatEndpoint({ host: LOOPBACK[host] ?? host, port });
  try {
    const response = await fetch(`http://${place}/readyz`, { signal: AbortSignal.timeout(waitMs) });
    if (response.status !== 503) return undefined;
    return `HTTP at ${place} is not ready: ${(await response.text()).trim().slice(0, 500)}`;
  } catch {
    return undefined;
  }
}
