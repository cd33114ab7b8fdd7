import type { LocalBootMethod } from '../provision/boot/local-boot.ts';
import type { LearnedLocalBoot } from './local-boots.ts';

/**
 * How a machine boots from its disk, in words; undefined if nothing is known of it. `set`: the method that its record
 * or profile names.
 */
export function describeLocalBoot(
  set: LocalBootMethod | undefined,
  learned: LearnedLocalBoot | undefined,
): string | undefined {
  if (set !== undefined) return `${set}, as local_boot of its record or profile says`;
  if (learned === undefined) return undefined;
  const { failed, isOwn, method, model, works } = learned;
  const name = [model.manufacturer, model.product].filter((text) => text !== '').join(' ');
  const machines = `${name === '' ? 'machines of an unknown make' : name} with ${model.firmware.toUpperCase()}`;
  const failures = failed.length === 0 ? '' : `; ${failed.join(' and ')} failed`;
  if (isOwn) return `${method}, for this machine alone${failures}`;
  return works
    ? `${method}, which works on ${machines}${failures}`
    : `${method}, not known yet to work on ${machines}${failures}`;
}
