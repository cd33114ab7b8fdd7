/**
 * How a machine goes on to its own disk. `exit`: the boot loader ends, and the firmware goes on with its boot order.
 * `sanboot`: the boot loader starts the disk itself (iPXE's `sanboot`, GRUB's `chainloader`). `firmware`: the firmware
 * gets no boot loader at all: no boot file over DHCP, an error over TFTP, 404 over UEFI HTTP Boot.
 */
export const LOCAL_BOOT_METHODS = ['exit', 'sanboot', 'firmware'] as const;
export type LocalBootMethod = (typeof LOCAL_BOOT_METHODS)[number];

/** What a profile or a record says: a method, or that the methods are tried in order. */
export const LOCAL_BOOT_SETTINGS = ['auto', ...LOCAL_BOOT_METHODS] as const;
export type LocalBootSetting = (typeof LOCAL_BOOT_SETTINGS)[number];

/** Whether a value is such a setting. */
export function isLocalBootSetting(value: unknown): value is LocalBootSetting {
  return (LOCAL_BOOT_SETTINGS as readonly unknown[]).includes(value);
}

/** The method that a record or else a profile names; undefined if the one to use is to be found out. */
export function localBootSetBy(
  machine: { readonly localBoot?: LocalBootSetting } | undefined,
  profile: { readonly localBoot?: LocalBootMethod } | undefined,
): LocalBootMethod | undefined {
  if (machine?.localBoot === undefined) return profile?.localBoot;
  return machine.localBoot === 'auto' ? undefined : machine.localBoot;
}

/** Machines that are expected to boot from their disks in the same way. Texts are as the firmware reports them. */
export interface MachineModel {
  /** The boot loader that asks: the methods are not the same in each. */
  readonly loader: 'ipxe' | 'grub';
  readonly firmware: 'bios' | 'uefi';
  /** Empty where it is unknown. */
  readonly manufacturer: string;
  readonly product: string;
}

/** What is known about local boot on a model. */
export interface ModelLocalBoot {
  readonly model: MachineModel;
  /** What its machines are told to do. */
  readonly method: LocalBootMethod;
  /** Whether a machine was seen to stay on its disk with it. */
  readonly works: boolean;
  /** The methods with which machines came back at once. */
  readonly failed: readonly LocalBootMethod[];
  /** Milliseconds since 1970. */
  readonly changedAtMs: number;
}

const TEXT_LENGTH_MAX = 128;

/** The model of the machine with these labels of a request. */
export function modelOf(labels: ReadonlyMap<string, string>, loader: MachineModel['loader']): MachineModel {
  const text = (name: string): string => (labels.get(name) ?? '').slice(0, TEXT_LENGTH_MAX);
  const firmware = labels.get('firmware') === 'uefi' ? 'uefi' : 'bios';
  return { loader, firmware, manufacturer: text('manufacturer'), product: text('product') };
}

/** A text that differs between any two models. */
export function modelKey({ firmware, loader, manufacturer, product }: MachineModel): string {
  return JSON.stringify([loader, firmware, manufacturer, product]);
}

/**
 * The methods in the order in which they are tried. On BIOS the boot loader starts the disk itself, since not every BIOS
 * goes on when it ends. On UEFI iPXE ends with an error, after which the firmware goes on; most builds cannot start a
 * local disk. GRUB 2.06 ends without an error, at which EDK2 opens its setup menu and stays there, so GRUB starts the
 * disk itself.
 */
export function methodsFor({
  firmware,
  loader,
}: Pick<MachineModel, 'firmware' | 'loader'>): readonly LocalBootMethod[] {
  if (firmware === 'bios') return ['sanboot', 'exit', 'firmware'];
  return loader === 'grub' ? ['sanboot', 'firmware', 'exit'] : ['exit', 'firmware'];
}

/**
 * How often in a row the same network card must ask again until a method counts as failed. UEFI has up to two entries
 * in its boot order for each card, PXE and HTTP, and tries both before the disk.
 */
export function returnsMax({ firmware }: Pick<MachineModel, 'firmware'>): number {
  return firmware === 'uefi' ? 4 : 2;
}

/** What is known of a model before any of its machines was sent to its disk. */
export function newModelLocalBoot(model: MachineModel): ModelLocalBoot {
  return { model, method: methodsFor(model)[0] ?? 'exit', works: false, failed: [], changedAtMs: 0 };
}

/**
 * The model after a machine of it came back again and again with a method. A method that works on other machines of the
 * model stays; `undefined` if there is nothing to change.
 */
export function afterFailedMethod(
  known: ModelLocalBoot,
  method: LocalBootMethod,
  nowMs: number,
): ModelLocalBoot | undefined {
  if (known.works || known.method !== method) return undefined;
  const { failed, method: next } = nextMethod(known.model, known.failed, method);
  return { ...known, method: next, failed, changedAtMs: nowMs };
}

/** The model after a machine of it stayed on its disk with a method; `undefined` if there is nothing to change. */
export function afterWorkingMethod(
  known: ModelLocalBoot,
  method: LocalBootMethod,
  nowMs: number,
): ModelLocalBoot | undefined {
  if (known.works) return undefined;
  const failed = known.failed.filter((one) => one !== method);
  return { ...known, method, works: true, failed, changedAtMs: nowMs };
}

/** The method to try after one has failed. When all have failed, they are tried again from the first. */
export function nextMethod(
  model: Pick<MachineModel, 'firmware' | 'loader'>,
  failedBefore: readonly LocalBootMethod[],
  method: LocalBootMethod,
): { readonly method: LocalBootMethod; readonly failed: readonly LocalBootMethod[] } {
  const failed = [...failedBefore.filter((one) => one !== method), method];
  const next = methodsFor(model).find((one) => !failed.includes(one));
  return next === undefined
    ? { method: methodsFor(model)[0] ?? 'exit', failed: [] }
    : { method: next, failed };
}
