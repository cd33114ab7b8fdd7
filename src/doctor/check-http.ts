import { type Endpoint, formatEndpoint } from '../protocol/endpoint.ts';
import type { Finding } from './finding.ts';

const WAIT_MS = 3_000;
/** Number of characters of an answer that are shown. */
const TEXT_LENGTH_MAX = 500;
/** The address to ask for an address that stands for all of this host. */
const LOOPBACK: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** The answer of the boot plane to `/readyz`. */
interface ReadinessAnswer {
  /** The address that was asked. */
  readonly place: string;
  /** Undefined if there is no answer. */
  readonly status: number | undefined;
  readonly text: string;
}

/**
 * Asks the boot plane over HTTP whether it can serve machines. Port 0 cannot be asked, since the real port is not
 * known.
 */
export async function checkHttp(endpoint: Endpoint, waitMs = WAIT_MS): Promise<Finding> {
  const check = 'http';
  const { place, status, text } = await askReadiness(endpoint, waitMs);
  if (status === undefined) {
    return {
      check,
      verdict: 'problem',
      text: `HTTP at ${place} does not answer`,
      remedy:
        'check that Railhead runs, with this address in http.listen, and that no firewall drops TCP to it',
    };
  }
  if (status >= 200 && status < 300) {
    return { check, verdict: 'ok', text: `HTTP at ${place} is ready to serve machines` };
  }
  return {
    check,
    verdict: 'problem',
    text: `HTTP at ${place} answers and is not ready: ${text}`,
    remedy: 'see the log of the server',
  };
}

/**
 * Why a server that answers cannot serve; undefined if it can, or if there is no answer, since the port may belong to
 * another program.
 */
export async function findServerProblem(endpoint: Endpoint, waitMs = WAIT_MS): Promise<string | undefined> {
  const { place, status, text } = await askReadiness(endpoint, waitMs);
  return status === 503 ? `HTTP at ${place} is not ready: ${text}` : undefined;
}

async function askReadiness({ host, port }: Endpoint, waitMs: number): Promise<ReadinessAnswer> {
  const place = formatEndpoint({ host: LOOPBACK[host] ?? host, port });
  try {
    const response = await fetch(`http://${place}/readyz`, { signal: AbortSignal.timeout(waitMs) });
    const text = (await response.text()).trim().slice(0, TEXT_LENGTH_MAX);
    return { place, status: response.status, text };
  } catch {
    return { place, status: undefined, text: '' };
  }
}
