import { readClientFqdn } from '../../../protocol/dhcp/client-fqdn.ts';
import type { DhcpOptions } from '../../../protocol/dhcp/message.ts';
import { OptionCode } from '../../../protocol/dhcp/option-codes.ts';
import { readText } from '../../../protocol/dhcp/read-option.ts';

/**
 * The host name that a client sends: option 12 as it is, or else the first label of the name in option 81, which clients
 * send instead (RFC 4702 section 3.1). Undefined if it sends neither.
 */
export function readHostName(options: DhcpOptions): string | undefined {
  if (options.has(OptionCode.hostName)) return readText(options, OptionCode.hostName);
  const option = options.get(OptionCode.clientFqdn);
  const name = option === undefined ? undefined : readClientFqdn(option)?.name;
  return name === undefined || name === '' ? undefined : name.split('.', 1)[0];
}
