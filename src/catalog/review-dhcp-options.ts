import type { ReportProblem } from '../documents/problem.ts';
import {
  CLASSLESS_ROUTE_OPTIONS,
  decodeClasslessRoutes,
  hasDefaultRoute,
} from '../protocol/dhcp/classless-routes.ts';
import { OptionCode } from '../protocol/dhcp/option-codes.ts';
import { encodeText } from '../protocol/dhcp/option-value.ts';
import { MalformedMessage } from '../protocol/malformed-message.ts';

/** The parts of a group or machine that matter for checking its DHCP options. */
export interface ReviewedDocument {
  readonly dhcp_options: readonly { readonly code: number }[];
  /** The host name of a machine's record. */
  readonly hostname?: string | undefined;
}

/**
 * Reports DHCP options of a group or machine that are valid, but probably do not have the effect that their author
 * expects. `options` are the same options, encoded by code.
 */
export function reviewDhcpOptions(
  { dhcp_options: written, hostname }: ReviewedDocument,
  options: ReadonlyMap<number, Uint8Array>,
  report: ReportProblem,
): void {
  written.forEach(({ code }, index) => {
    const value = options.get(code);
    if (value === undefined) return;
    const path = ['dhcp_options', index];
    if (CLASSLESS_ROUTE_OPTIONS.includes(code) && lacksDefaultRoute(value)) {
      // Whether the network sends routers is set in the settings, which a catalog does not see.
      report(
        path,
        `clients that support option ${code} ignore the routers of their network (RFC 3442), and this list has no default route: ` +
          'add {destination: 0.0.0.0/0, router: (the router)} to it, unless these machines are to have none',
      );
    }
    if (code === OptionCode.hostName && hostname !== undefined && !isNameOf(value, hostname)) {
      report(
        path,
        'option 12 gives the machine another host name than hostname does, and DHCP sends the option: remove one of them',
      );
    }
  });
}

function lacksDefaultRoute(value: Uint8Array): boolean {
  try {
    return !hasDefaultRoute(decodeClasslessRoutes(value));
  } catch (error) {
    // An option written in hex may contain anything.
    if (error instanceof MalformedMessage) return false;
    throw error;
  }
}

/** Whether option 12 contains the host name, or its first label. */
function isNameOf(value: Uint8Array, hostname: string): boolean {
  const text = Buffer.from(value).toString('latin1').toLowerCase();
  const name = Buffer.from(encodeText(hostname)).toString('latin1').toLowerCase();
  return text === name || text === name.split('.')[0];
}
