import { describe, expect, test } from 'vitest';
import { PERMISSIONS, ROLES } from '../../src/api/permissions.ts';

describe('roles', () => {
  test.each([
    ['viewer', 'secrets:read'],
    ['viewer', 'machines:operate'],
    ['viewer', 'audit:read'],
    ['auditor', 'machines:operate'],
    ['operator', 'tokens:manage'],
    ['operator', 'catalog:write'],
    ['operator', 'secrets:read'],
    ['inventory', 'machines:manage'],
    ['inventory', 'catalog:read'],
    ['catalog', 'machines:operate'],
    ['catalog', 'secrets:read'],
  ] as const)('%s lacks %s', (role, permission) => {
    expect(ROLES[role]).not.toContain(permission);
  });

  test('admin may do everything', () => {
    expect(ROLES.admin).toEqual(PERMISSIONS);
  });

  test.each(['viewer', 'auditor', 'operator', 'inventory', 'catalog'] as const)(
    '%s sees machines',
    (role) => {
      expect(ROLES[role]).toContain('machines:read');
    },
  );
});
