import type { JsonObject, JsonValue } from '../../json-value.ts';
import type { MachineFacts } from './machine-facts.ts';

/** A fact that is different from the one before. */
export interface FactChange {
  /** `memory_bytes`, `disks[S4EVNX0R].size_bytes`: a device is named by what stays with it. */
  readonly field: string;
  /** Absent if there was no value. */
  readonly before?: JsonValue;
  /** Absent if there is no value any more. */
  readonly after?: JsonValue;
}

/** What has changed between two reports of the same machine, sorted by field. */
export function factChanges(before: MachineFacts, after: MachineFacts): FactChange[] {
  const old = fieldsOf(before);
  const current = fieldsOf(after);
  const wholeDevice = (field: string): boolean => {
    const device = /^(?:disks|nics)\[[^\]]*\]/.exec(field)?.[0];
    if (device === undefined || device === field) return false;
    // Of a device that was added or removed only the device itself is told.
    return !old.has(device) || !current.has(device);
  };
  return [...new Set([...old.keys(), ...current.keys()])]
    .filter((field) => !wholeDevice(field))
    .toSorted()
    .flatMap((field) => changeOf(field, old.get(field), current.get(field)));
}

function changeOf(field: string, before: JsonValue | undefined, after: JsonValue | undefined): FactChange[] {
  // What a device consists of is compared field by field.
  if (isJsonObject(before) && isJsonObject(after)) return [];
  if (before === after) return [];
  return [{ field, ...(before !== undefined && { before }), ...(after !== undefined && { after }) }];
}

/** Every value of the facts by its name, and every device as a whole too. */
function fieldsOf({ disks = [], nics = [], ...others }: MachineFacts): Map<string, JsonValue> {
  const fields = new Map<string, JsonValue>();
  addFields(fields, '', asJson(others));
  for (const disk of disks) addDevice(fields, 'disks', disk.wwn ?? disk.serial ?? disk.name, disk);
  for (const nic of nics) addDevice(fields, 'nics', nic.mac ?? nic.name, nic);
  return fields;
}

function addDevice(fields: Map<string, JsonValue>, list: string, id: string, device: object): void {
  // Cards of one bond have one MAC address, and cheap disks share a serial number.
  const taken = fields.has(`${list}[${id}]`);
  const name = taken ? `${list}[${id} ${(device as { name: string }).name}]` : `${list}[${id}]`;
  fields.set(name, asJson(device));
  addFields(fields, `${name}.`, asJson(device));
}

function addFields(fields: Map<string, JsonValue>, prefix: string, values: JsonObject): void {
  for (const [key, value] of Object.entries(values)) {
    if (isJsonObject(value)) addFields(fields, `${prefix}${key}.`, value);
    else fields.set(`${prefix}${key}`, value);
  }
}

/** Facts are plain JSON without undefined values, which their type cannot say. */
function asJson(facts: object): JsonObject {
  return facts as JsonObject;
}

function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
