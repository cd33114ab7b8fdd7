import { randomBytes } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { BrowserSessions, type SignInBy } from '../../src/access/browser-sessions.ts';
import { type Actor, ownerActor } from '../../src/control/actor.ts';

const HOUR = 3_600_000;
const BY: SignInBy = { kind: 'token', id: 'a' };
let nowMs: number;
let admitted: Actor | undefined;
let sessions: BrowserSessions;

beforeEach(() => {
  nowMs = 0;
  admitted = ownerActor('token:anna');
  sessions = new BrowserSessions({ admit: () => admitted, randomBytes, nowMs: () => nowMs });
});

test('a session is found by its secret, and ends when it is closed', () => {
  const { csrfToken, secret } = sessions.open(BY);
  const user = sessions.find(secret, '127.0.0.1');
  expect(user).toMatchObject({ actor: { name: 'token:anna' }, csrfToken });
  expect(sessions.find('guessed', '127.0.0.1')).toBeUndefined();
  sessions.close(user!.id);
  expect(sessions.find(secret, '127.0.0.1')).toBeUndefined();
});

test('a session ends with its token', () => {
  const { secret } = sessions.open(BY);
  admitted = undefined;
  expect(sessions.find(secret, '127.0.0.1')).toBeUndefined();
  admitted = ownerActor('token:anna');
  expect(sessions.find(secret, '127.0.0.1')).toBeUndefined();
});

test('a session ends after eight hours without a request', () => {
  const { secret } = sessions.open(BY);
  for (let hour = 0; hour < 20; hour += 7) {
    expect(sessions.find(secret, '127.0.0.1')).toBeDefined();
    nowMs += 7 * HOUR;
  }
  nowMs += HOUR;
  expect(sessions.find(secret, '127.0.0.1')).toBeUndefined();
});

test('a session ends after a week, however often it is used', () => {
  const { secret } = sessions.open(BY);
  let hours = 0;
  while (sessions.find(secret, '127.0.0.1') !== undefined) {
    hours++;
    nowMs += HOUR;
  }
  expect(hours).toBe(7 * 24);
});

test('a session of OpenID Connect ends at the time that its provider set', () => {
  const { secret } = sessions.open({ kind: 'oidc', actor: ownerActor('oidc:anna'), expiresAtMs: HOUR });
  expect(sessions.find(secret, '')?.expiresAtMs).toBe(HOUR);
  nowMs = HOUR;
  expect(sessions.find(secret, '')).toBeUndefined();
});

test('the session that was not used for the longest time gives way to new ones', () => {
  const first = sessions.open(BY);
  const second = sessions.open(BY);
  sessions.find(first.secret, '');
  for (let more = 0; more < 999; more++) sessions.open(BY);
  expect(sessions.find(second.secret, '')).toBeUndefined();
  expect(sessions.find(first.secret, '')).toBeDefined();
});
