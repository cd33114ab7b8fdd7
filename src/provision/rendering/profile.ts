import type { LocalBootMethod } from '../boot/local-boot.ts';
import type { JsonObject } from '../json-value.ts';

/** What a machine boots from: kernel, initrds and arguments, all of them templates. */
export interface BootSettings {
  readonly kernel: string;
  readonly initrd: readonly string[];
  readonly args: readonly string[];
}

/** What to boot, and which config templates to render. */
export interface Profile {
  readonly id: string;
  readonly name?: string;
  /** Absent for a profile that only answers for an installed system. */
  readonly boot?: BootSettings;
  /** Templates of Ignition configs (`.bu`, `.ign`), each merged over the ones before it. */
  readonly ignition: readonly string[];
  /** Generic templates by the name they are asked for. */
  readonly generic: Readonly<Record<string, string>>;
  /** What the profile is for: to install a disk, or to run in memory. The first boots only machines that are armed. */
  readonly lifecycle: 'install' | 'live';
  /** `session`: only an armed machine boots it, and gets its configs within that boot alone, by tokens. */
  readonly protect?: 'session';
  /** What a machine does that is not armed, although the profile requires it. */
  readonly unarmed?: 'wait' | 'local';
  /** What a machine does whose installation has failed. */
  readonly onFailure?: 'hold' | 'rescue' | 'local';
  /** The profile that its machines boot to be repaired; the one with the id `rescue` by default. */
  readonly rescue?: string;
  /** The profile that its machines boot to be reset; the one with the id `reset` by default. */
  readonly reset?: string;
  /** How its machines boot from their disks; absent if that is to be found out. */
  readonly localBoot?: LocalBootMethod;
  /** Defaults under the group's and the machine's metadata. */
  readonly metadata: JsonObject;
}
