import type { DhcpOptions } from '../protocol/dhcp/message.ts';
import { parseIpv4 } from '../protocol/ipv4-address.ts';
import { parseMac } from '../protocol/mac-address.ts';
import { parseUuid } from '../protocol/machine-uuid.ts';
import type { JsonObject, JsonValue } from '../provision/json-value.ts';
import { isLocalBootSetting } from '../provision/boot/local-boot.ts';
import type { Machine } from '../provision/machines/machine.ts';

/** A machine as the store keeps it: JSON, with options in hex and `Infinity` as `infinite`. */
export function toMachineRecord({
  dhcpOptions,
  dhcpSending,
  leaseSeconds,
  networkOptions,
  ...machine
}: Machine): JsonObject {
  const record = {
    ...machine,
    ...(dhcpOptions !== undefined && { dhcpOptions: toOptionRecord(dhcpOptions) }),
    ...(networkOptions !== undefined && {
      networkOptions: Object.fromEntries(
        [...networkOptions].map(([network, options]) => [network, toOptionRecord(options)]),
      ),
    }),
    ...(dhcpSending !== undefined && { dhcpSending: { ...dhcpSending } }),
    ...(leaseSeconds !== undefined && {
      leaseSeconds: leaseSeconds === Infinity ? 'infinite' : leaseSeconds,
    }),
  };
  return record;
}

/** The machine of a record that `toMachineRecord` made; fields that a later version wrote are ignored. */
export function fromMachineRecord(id: string, record: JsonObject): Machine {
  const {
    address,
    bootProgram,
    clientIds,
    dhcpOptions,
    dhcpSending,
    disabled,
    hostname,
    labels,
    leaseSeconds,
    localBoot,
  } = record;
  const { furtherAddresses, macs, metadata, networkOptions, serial, switchPort, uuid } = record;
  const parsedFurther = textsOf(furtherAddresses).flatMap((text) => parseIpv4(text) ?? []);
  const parsedUuid = parseUuid(textOf(uuid) ?? '');
  const parsedAddress = parseIpv4(textOf(address) ?? '');
  return {
    id,
    macs: textsOf(macs).flatMap((text) => parseMac(text) ?? []),
    ...(Array.isArray(clientIds) && { clientIds: textsOf(clientIds) }),
    ...(isObject(switchPort) && { switchPort: switchPort }),
    ...(parsedUuid !== undefined && { uuid: parsedUuid }),
    ...(typeof serial === 'string' && { serial }),
    labels: (isObject(labels) ? labels : {}) as Machine['labels'],
    metadata: isObject(metadata) ? metadata : {},
    ...(parsedAddress !== undefined && { address: parsedAddress }),
    ...(typeof hostname === 'string' && { hostname }),
    ...(typeof bootProgram === 'string' && { bootProgram }),
    ...(isLocalBootSetting(localBoot) && { localBoot }),
    ...(parsedFurther.length > 0 && { furtherAddresses: parsedFurther }),
    ...(isObject(dhcpOptions) && { dhcpOptions: fromOptionRecord(dhcpOptions) }),
    ...(isObject(networkOptions) && {
      networkOptions: new Map(
        Object.entries(networkOptions).map(([network, options]) => [
          network,
          fromOptionRecord(isObject(options) ? options : {}),
        ]),
      ),
    }),
    ...(isObject(dhcpSending) && {
      dhcpSending: { force: numbersOf(dhcpSending.force), suppress: numbersOf(dhcpSending.suppress) },
    }),
    ...(leaseSeconds === 'infinite' && { leaseSeconds: Infinity }),
    ...(typeof leaseSeconds === 'number' && { leaseSeconds }),
    ...(typeof disabled === 'boolean' && { disabled }),
  };
}

function toOptionRecord(options: DhcpOptions): JsonObject {
  return Object.fromEntries([...options].map(([code, value]) => [code, Buffer.from(value).toString('hex')]));
}

function fromOptionRecord(record: JsonObject): DhcpOptions {
  return new Map(
    Object.entries(record).map(([code, hex]) => [
      Number(code),
      new Uint8Array(Buffer.from(textOf(hex) ?? '', 'hex')),
    ]),
  );
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function textsOf(value: JsonValue | undefined): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

function numbersOf(value: JsonValue | undefined): number[] {
  return Array.isArray(value) ? value.filter((one): one is number => typeof one === 'number') : [];
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
