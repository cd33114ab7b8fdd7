import type { DhcpOptions } from '../../protocol/dhcp/message.ts';
import type { ProgramsByArchitecture } from '../boot/boot-programs.ts';
import type { OptionSending } from '../../protocol/dhcp/option-sending.ts';
import type { JsonObject } from '../json-value.ts';
import type { Selector } from './selector.ts';

/** Which machines a profile is for, and what its templates need to know about them. */
export interface Group {
  readonly id: string;
  readonly name?: string;
  /** Id of the profile. */
  readonly profile: string;
  /** Of several groups that select a machine, the one with the highest priority has it. */
  readonly priority: number;
  readonly selector: Selector;
  readonly metadata: JsonObject;
  /** DHCP options for its machines; they win over the subnet's. */
  readonly dhcpOptions: DhcpOptions;
  /** Options that its machines get or do not get whatever they ask for. */
  readonly dhcpSending?: OptionSending;
  /** Boot programs for the firmware of its machines, by architecture; a machine's own wins over them. */
  readonly bootPrograms?: ProgramsByArchitecture;
  /** `auto`: a machine that was never installed is armed once, when it first asks for its script. */
  readonly arm?: 'auto';
}
