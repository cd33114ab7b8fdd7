/** What somebody may do with machines. */
export const PERMISSIONS = [
  /** See machines, without secrets. */
  'machines:read',
  /** Arm, hold and release, and what else concerns one boot. */
  'machines:operate',
  /** Decide which machines there are: approve, reject, retire, restore, delete, lock. */
  'machines:manage',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** Who asks for something. */
export interface Actor {
  /** As the audit shows it: `socket:anna`. */
  readonly name: string;
  readonly permissions: ReadonlySet<Permission>;
}

/** Somebody who may do everything. */
export function ownerActor(name: string): Actor {
  return { name, permissions: new Set(PERMISSIONS) };
}
