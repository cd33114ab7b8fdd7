import type { ReportProblem } from '../documents/problem.ts';
import { OptionSettingError, readOptionSetting, repeatedOptions } from '../protocol/dhcp/option-setting.ts';
import { encodeOptionValue, reservedOptionReason } from '../protocol/dhcp/option-value.ts';
import type { OptionSending } from '../protocol/dhcp/option-sending.ts';
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

/** Which options a group or machine forces or suppresses; undefined for none. What cannot be is reported and left out. */
export function readDhcpSending(
  { dhcp_force: force, dhcp_suppress: suppress }: Pick<GroupDocument, 'dhcp_force' | 'dhcp_suppress'>,
  report: ReportProblem,
): OptionSending | undefined {
  const read = (key: 'dhcp_force' | 'dhcp_suppress', codes: readonly number[]): number[] =>
    codes.filter((code, index) => {
      const reserved = reservedOptionReason(code);
      if (reserved !== undefined) report([key, index], `option ${code} cannot be set here: ${reserved}`);
      return reserved === undefined;
    });
  for (const [index, code] of suppress.entries()) {
    if (force.includes(code))
      report(['dhcp_suppress', index], `option ${code} is in dhcp_force as well: keep it in one of them`);
  }
  const sending = { force: read('dhcp_force', force), suppress: read('dhcp_suppress', suppress) };
  return sending.force.length + sending.suppress.length === 0 ? undefined : sending;
}
