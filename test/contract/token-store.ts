import { describe, expect, test } from 'vitest';
import type { NewAuditEntry } from '../../src/store/audit-store.ts';
import type { StoredToken } from '../../src/store/token-store.ts';
import { type MakePlace, StoreUnderTest } from './store-place.ts';

const AT = new Date('2026-03-01T08:00:00.000Z');

const note = (verb: string, target: string): NewAuditEntry => ({
  at: AT,
  actor: 'socket:anna',
  verb,
  target,
  reason: '',
  outcome: 'done',
  detail: { role: 'viewer' },
});

const token = (id: string, more: Partial<StoredToken> = {}): StoredToken => ({
  id,
  name: `name of ${id}`,
  role: 'viewer',
  hash: 'ab'.repeat(32),
  createdAt: AT,
  createdBy: 'socket:anna',
  networks: [],
  ...more,
});

/** What every TokenStore must do. */
export function describeTokenStore(makePlace: MakePlace): void {
  describe('tokens', () => {
    const under = new StoreUnderTest(makePlace);

    test('are kept with their audit entries, also after the store is opened again', async () => {
      const full = token('bbb', {
        role: 'inventory',
        expiresAt: new Date('2027-01-01T00:00:00.000Z'),
        networks: ['10.0.0.0/8', '2001:db8::/32'],
        inventories: ['netbox'],
      });
      await under.store.tokens.putToken(full, note('create_token', 'bbb'));
      await under.store.tokens.putToken(token('aaa'), note('create_token', 'aaa'));
      await under.store.tokens.putToken(token('ccc'), note('create_token', 'ccc'));
      await under.store.tokens.deleteToken('ccc', note('revoke_token', 'ccc'));
      await under.store.tokens.deleteToken('nobody', note('revoke_token', 'nobody'));
      await under.reopen();
      expect(await under.store.tokens.loadTokens()).toEqual([token('aaa'), full]);
      const entries = await under.store.audit.listAudit({ limit: 10 });
      expect(entries.map(({ target, verb }) => `${verb} ${target}`)).toEqual([
        'revoke_token nobody',
        'revoke_token ccc',
        'create_token ccc',
        'create_token aaa',
        'create_token bbb',
      ]);
    });

    test('an id that is taken is not overwritten, and nothing is noted of it', async () => {
      await under.store.tokens.putToken(token('aaa'), note('create_token', 'aaa'));
      await expect(
        under.store.tokens.putToken(token('aaa', { role: 'admin' }), note('create_token', 'aaa')),
      ).rejects.toThrow();
      expect(await under.store.tokens.loadTokens()).toEqual([token('aaa')]);
      expect(await under.store.audit.listAudit({ limit: 10 })).toHaveLength(1);
    });

    test('remember when they were last used, unless they are deleted', async () => {
      await under.store.tokens.putToken(token('aaa'), note('create_token', 'aaa'));
      const lastUse = { at: new Date('2026-03-02T08:00:00.000Z'), address: '10.0.0.1' };
      await under.store.tokens.noteTokenUses(
        new Map([
          ['aaa', lastUse],
          ['gone', lastUse],
        ]),
      );
      expect(await under.store.tokens.loadTokens()).toEqual([token('aaa', { lastUse })]);
    });
  });
}
