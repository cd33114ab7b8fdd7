import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { pino } from 'pino';
import { AccessTokens, NameTaken, type TokenRequest } from '../../src/access/access-tokens.ts';
import { ROLES } from '../../src/api/permissions.ts';
import { ownerActor } from '../../src/control/actor.ts';
import { FakeTokenStore } from '../fakes/fake-token-store.ts';

const ANNA = ownerActor('socket:anna');
const FROM = '10.0.9.12';
const PEPPER = new Uint8Array(32).fill(7);

let store: FakeTokenStore;
let nowMs: number;
let tokens: AccessTokens;

const load = (pepper = PEPPER): Promise<AccessTokens> =>
  AccessTokens.load({
    store,
    pepper,
    randomBytes,
    log: pino({ level: 'silent' }),
    now: () => new Date(nowMs),
  });

beforeEach(async () => {
  store = new FakeTokenStore();
  nowMs = Date.UTC(2026, 2, 1, 8);
  tokens = await load();
});

const make = async (wanted: Partial<TokenRequest> = {}): Promise<string> => {
  const { text } = await tokens.create({ name: 'netbox', role: 'viewer', networks: [], ...wanted }, ANNA);
  return text;
};

describe('a token', () => {
  test('is known by its text, also after a restart, and has the permissions of its role', async () => {
    const text = await make({ role: 'inventory', inventories: ['netbox'] });
    expect(text).toMatch(/^rht_[0-9a-z]{12}_[\w-]{43}$/);
    for (const known of [tokens, await load()]) {
      expect(known.authenticate(text, FROM)).toMatchObject({
        kind: 'known',
        actor: {
          name: 'token:netbox',
          permissions: new Set(ROLES.inventory),
          inventories: new Set(['netbox']),
          address: FROM,
        },
      });
    }
  });

  test('is stored without its secret, and unknown to a server with another key', async () => {
    const text = await make();
    const secret = text.slice('rht_123456789012_'.length);
    expect(JSON.stringify([...store.tokens.values(), store.audit])).not.toContain(secret);
    const other = await load(new Uint8Array(32));
    expect(other.authenticate(text, FROM)).toEqual({ kind: 'unknown' });
  });

  test.each([
    ['', 'empty'],
    ['rht_', 'only the prefix'],
    ['rht_000000000000_' + 'a'.repeat(43), 'an id that nobody has'],
    ['x'.repeat(100_000), 'long'],
  ])('is unknown if its text is %j (%s)', async (text) => {
    await make();
    expect(tokens.authenticate(text, FROM)).toEqual({ kind: 'unknown' });
  });

  test('is unknown if one letter of its secret is another', async () => {
    const text = await make();
    const last = text.at(-2) === 'A' ? 'B' : 'A';
    expect(tokens.authenticate(text.slice(0, -2) + last + text.at(-1), FROM)).toEqual({ kind: 'unknown' });
  });

  test('ends at its time', async () => {
    const text = await make({ expiresAt: new Date(nowMs + 1000) });
    expect(tokens.authenticate(text, FROM).kind).toBe('known');
    nowMs += 1000;
    expect(tokens.authenticate(text, FROM).kind).toBe('expired');
  });

  test.each([
    ['10.0.9.12', ['10.0.9.0/24'], 'known'],
    ['::ffff:10.0.9.12', ['10.0.9.0/24'], 'known'],
    ['10.0.10.1', ['10.0.9.0/24'], 'wrong_network'],
    ['2001:db8::7', ['10.0.9.0/24', '2001:db8::/32'], 'known'],
    ['2001:db9::7', ['10.0.9.0/24', '2001:db8::/32'], 'wrong_network'],
    ['', ['10.0.9.0/24'], 'wrong_network'],
  ])('from %s with networks %j is %s', async (address, networks, kind) => {
    const text = await make({ networks });
    expect(tokens.authenticate(text, address).kind).toBe(kind);
  });

  test('is not accepted from the moment on at which it is revoked', async () => {
    const text = await make();
    expect(await tokens.revoke('netbox', ANNA, 'lost')).toBe(true);
    expect(tokens.authenticate(text, FROM)).toEqual({ kind: 'unknown' });
    expect(await tokens.revoke('netbox', ANNA, 'lost')).toBe(false);
    expect(store.audit.map(({ actor, reason, verb }) => [actor, verb, reason])).toEqual([
      ['socket:anna', 'create_token', ''],
      ['socket:anna', 'revoke_token', 'lost'],
    ]);
    expect((await load()).list()).toEqual([]);
  });

  test('has a name that no other has', async () => {
    await make();
    await expect(make()).rejects.toThrow(NameTaken);
    const [first, second] = await Promise.allSettled([make({ name: 'b' }), make({ name: 'b' })]);
    expect([first.status, second.status]).toEqual(['fulfilled', 'rejected']);
  });

  test('that could not be stored is not accepted, and its name is free', async () => {
    store.failure = new Error('the disk is full');
    await expect(make()).rejects.toThrow('the disk is full');
    expect(tokens.list()).toEqual([]);
    store.failure = undefined;
    expect(tokens.authenticate(await make(), FROM).kind).toBe('known');
  });

  test('with a role that this version does not know may do nothing', async () => {
    const text = await make();
    const [[id, token]] = [...store.tokens] as [
      [string, typeof store.tokens extends Map<string, infer T> ? T : never],
    ];
    store.tokens.set(id, { ...token, role: 'emperor' });
    expect((await load()).authenticate(text, FROM)).toMatchObject({ actor: { permissions: new Set() } });
  });

  test('remembers its last use, and stores it at most once a minute', async () => {
    const text = await make();
    for (let second = 0; second < 59; second++) {
      tokens.authenticate(text, FROM);
      nowMs += 1000;
    }
    await tokens.close();
    await tokens.close();
    expect(store.uses).toHaveLength(1);
    expect(tokens.find('netbox')?.lastUse).toEqual({ at: new Date(nowMs - 59_000), address: FROM });
    nowMs += 1000;
    tokens.authenticate(text, FROM);
    await tokens.close();
    expect(store.uses).toHaveLength(2);
  });
});
