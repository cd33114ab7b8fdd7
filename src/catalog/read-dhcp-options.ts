import type { ReportProblem } from '../documents/problem.ts';
import { encodeOptionValue, parseOptionValue, reservedOptionReason } from '../protocol/dhcp/option-value.ts';
import type { GroupDocument } from './document-schemas.ts';

/** The DHCP options of a group or machine, encoded by code. */
export function readDhcpOptions(
  options: GroupDocument['dhcp_options'],
  report: ReportProblem,
): Map<number, Uint8Array> {
  const dhcpOptions = new Map<number, Uint8Array>();
  options.forEach(({ code, type, value: option }, index) => {
    const reserved = reservedOptionReason(code);
    if (reserved !== undefined) {
      report(['dhcp_options', index, 'code'], `option ${code} cannot be set here: ${reserved}`);
      return;
    }
    try {
      dhcpOptions.set(code, encodeOptionValue(parseOptionValue(type, option)));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      report(['dhcp_options', index, 'value'], error.message);
    }
  });
  return dhcpOptions;
}
