import type { MachineDecision } from '../catalog/boot-decider.ts';
import type { LocalBoots } from '../machines/local-boots.ts';
import {
  type LocalBootMethod,
  localBootSetBy,
  type MachineModel,
  modelOf,
  newModelLocalBoot,
} from '../provision/boot/local-boot.ts';

/** How a machine is sent to its disk before a boot loader runs; undefined if that is not known. */
export function localBootOf(
  { resolution, subject }: MachineDecision,
  boots: Pick<LocalBoots, 'find'>,
): LocalBootMethod | undefined {
  const { machine, match } = resolution;
  return localBootSetBy(machine, match?.compiled.profile) ?? boots.find(subject?.machineId);
}

/** How a boot loader that asks sends its machine to the disk. Whether that works is learned from declared machines. */
export function sendToDisk(
  { resolution, subject }: MachineDecision,
  loader: MachineModel['loader'],
  boots: LocalBoots,
): LocalBootMethod {
  const { labels, machine, match } = resolution;
  const model = modelOf(labels, loader);
  const set = localBootSetBy(machine, match?.compiled.profile);
  if (subject?.declared === true) {
    return boots.send({ machineId: subject.machineId, mac: labels.get('mac') ?? '', model, set });
  }
  return set ?? boots.find(undefined, model) ?? newModelLocalBoot(model).method;
}
