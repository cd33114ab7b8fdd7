import type { ReportProblem } from '../documents/problem.ts';
import { OptionSettingError, readOptionSetting, repeatedOptions } from '../protocol/dhcp/option-setting.ts';
import { encodeOptionValue, reservedOptionReason } from '../protocol/dhcp/option-value.ts';
import type { OptionSending } from '../protocol/dhcp/option-sending.ts';
import type { GroupDocument, MachineDocument } from './document-schemas.ts';

/** An option of a group or machine. */
type OptionDocument = MachineDocument['dhcp_options'][number];

/**
 * The DHCP options of a group or machine, encoded by code, without those that are for one network alone. Options that
 * cannot be sent are reported and left out.
 */
export function readDhcpOptions(
  options: readonly OptionDocument[],
  report: ReportProblem,
): Map<number, Uint8Array> {
  return readFor(undefined, options, report);
}

/** The options of a machine that are for one network alone, by its id. */
export function readNetworkOptions(
  options: readonly OptionDocument[],
  report: ReportProblem,
): Map<string, Map<number, Uint8Array>> {
  const networks = new Set(options.flatMap(({ network }) => network ?? []));
  return new Map([...networks].map((network) => [network, readFor(network, options, report)]));
}

function readFor(
  network: string | undefined,
  all: readonly OptionDocument[],
  report: ReportProblem,
): Map<number, Uint8Array> {
  const dhcpOptions = new Map<number, Uint8Array>();
  const options = all.flatMap((option, index) => (option.network === network ? [{ index, option }] : []));
  for (const { index, option } of options) {
    try {
      const { code, value } = readOptionSetting(option);
      dhcpOptions.set(code, encodeOptionValue(value));
    } catch (error) {
      if (!(error instanceof OptionSettingError)) throw error;
      report(['dhcp_options', index, error.key], error.message);
    }
  }
  for (const { code, index } of repeatedOptions(options.map(({ option }) => option))) {
    const place = options[index]?.index ?? index;
    report(['dhcp_options', place, 'code'], `option ${code} is given twice: keep one of them`);
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
