import type { Filesystem, Resource } from '../ignition/config.ts';

/** A resource with Butane's sugar. */
export type ButaneResource = Resource & { inline?: string; local?: string };

/** A filesystem with Butane's sugar. */
export type ButaneFilesystem = Filesystem & { with_mount_unit?: boolean };
