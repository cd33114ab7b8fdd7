import type { ReportProblem } from '../documents/problem.ts';
import { OptionSettingError, readOptionSetting, repeatedOptions } from '../protocol/dhcp/option-setting.ts';
import { encodeOptionValue } from '../protocol/dhcp/option-value.ts';
import type { GroupDocument } from './document-schemas.ts';

/** The DHCP options of a group or machine, encoded by code. Options that cannot be sent are reported and left out. */
export function readDhcpOptions(
  options: GroupDocument['dhcp_options'],
  report: ReportProblem,
): Map<number, Uint8Array> {
  const dhcpOptions = new Map<number, Uint8Array>();
  options.forEach((option, index) => {
    try {
      const { code, value } = readOptionSetting(option);
      dhcpOptions.set(code, encodeOptionValue(value));
    } catch (error) {
      if (!(error instanceof OptionSettingError)) throw error;
      report(['dhcp_options', index, error.key], error.message);
    }
  });
  for (const { code, index } of repeatedOptions(options)) {
    report(['dhcp_options', index, 'code'], `option ${code} is given twice: keep one of them`);
  }
  return dhcpOptions;
}
