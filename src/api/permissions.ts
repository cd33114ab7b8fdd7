/** What somebody may do on the operator plane, with a line for people. */
export const PERMISSION_TEXTS = {
  'machines:read': 'see machines, their boots and their history, without secrets',
  'machines:operate': 'arm, hold and release machines, and what else concerns one boot',
  'machines:manage':
    'decide which machines there are: approve, reject, retire, lock, delete, create and change them',
  'inventory:write': 'replace the machines of an inventory',
  'catalog:read': 'see profiles, groups, templates, assets and the state of the catalog',
  'catalog:write': 'change profiles, groups and templates that are kept in the database',
  'secrets:read': 'see metadata and rendered configs with their secrets',
  'leases:read': 'see networks and leases',
  'leases:write': 'end leases',
  'webhooks:write': 'send deliveries of webhooks again, or delete them',
  'metrics:read': 'read metrics, and run the checks of the doctor',
  'audit:read': 'see what people and systems have done',
  'tokens:manage': 'create and revoke tokens',
} as const;

export type Permission = keyof typeof PERMISSION_TEXTS;

/** All permissions, in the order of their documentation. */
export const PERMISSIONS = Object.keys(PERMISSION_TEXTS) as readonly Permission[];

const READ: readonly Permission[] = ['machines:read', 'catalog:read', 'leases:read', 'metrics:read'];

/** What each role may do. A role is what a token has, and what OpenID Connect gives to somebody who signs in. */
export const ROLES = {
  viewer: READ,
  auditor: [...READ, 'audit:read'],
  operator: [...READ, 'machines:operate', 'machines:manage', 'leases:write', 'webhooks:write'],
  /** Machines of its own inventories only; see `Actor.inventories`. */
  inventory: ['machines:read', 'inventory:write'],
  catalog: [...READ, 'catalog:write'],
  admin: PERMISSIONS,
} as const satisfies Readonly<Record<string, readonly Permission[]>>;

/** What a token is for. */
export type Role = keyof typeof ROLES;
/** All roles, from the least permitted one on. */
export const ROLE_NAMES = Object.keys(ROLES) as readonly Role[];
