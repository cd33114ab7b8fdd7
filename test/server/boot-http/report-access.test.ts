import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { MachineDecision } from '../../../src/catalog/boot-decider.ts';
import type { MacAddress } from '../../../src/protocol/mac-address.ts';
import { lifecyclePolicyOf } from '../../../src/provision/boot/lifecycle-policy.ts';
import type { Life } from '../../../src/provision/machines/lifecycle/life.ts';
import type { BootLifeParts } from '../../../src/server/boot-http/boot-life-parts.ts';
import { reportAccess } from '../../../src/server/boot-http/report-access.ts';
import { SessionTokens } from '../../../src/server/boot-http/session-tokens.ts';
import { lifeIn, NOW_MS, someSession } from '../../provision/machines/lifecycle/some-lives.ts';

const MAC = '52:54:00:00:00:01' as MacAddress;
const STRANGER = '52:54:00:00:00:99' as MacAddress;
const tokens = new SessionTokens(randomBytes, () => 0);
const minted = tokens.mint('node1');

interface Case {
  readonly life: Life;
  readonly policy?: Partial<MachineDecision['policy']>;
  readonly token?: string | undefined;
  readonly card?: MacAddress | undefined;
}

function access({ card = MAC, life, policy, token }: Case) {
  const decided = {
    policy: { ...lifecyclePolicyOf(undefined), ...policy },
    subject: { machineId: 'node1', declared: true },
    resolution: { labels: new Map([['mac', MAC]]) },
  } as unknown as MachineDecision;
  const parts = {
    lives: { of: () => life },
    tokens,
    cardsBehind: () => [card],
    now: () => new Date(NOW_MS),
    times: { tokenGraceMs: 1 },
  } as unknown as BootLifeParts;
  const request = { remoteAddress: '10.0.0.11', token } as Parameters<typeof reportAccess>[1];
  return reportAccess(parts, request, decided);
}

const protectedLife = (state: Life['state']): Life => ({
  ...lifeIn(state),
  session: { ...someSession(), tokens: minted.hashes },
});
function withoutSession(life: Life): Life {
  const { session: _session, ...rest } = life;
  return rest;
}

describe('a report', () => {
  test.each<[string, Case, string]>([
    ['with its token', { life: protectedLife('installing'), token: minted.tokens.report }, 'permitted'],
    ['with its token after the boot', { life: protectedLife('installed'), token: minted.tokens.report }, 'permitted'],
    ['with the token of configs', { life: protectedLife('installing'), token: minted.tokens.boot }, 'wrong_use'],
    ['without a token, of a machine that has one', { life: protectedLife('installing') }, 'no_token'],
    ['with a stolen token', { life: protectedLife('installing'), token: minted.tokens.report, card: STRANGER }, 'foreign_sender'],
    ['of a protected machine that never booted', { life: lifeIn('ready'), policy: { isProtected: true } }, 'no_token'],
    ['of an installation without protection', { life: withoutSession(lifeIn('installing')) }, 'permitted'],
    ["from another machine's card, of an installation", { life: withoutSession(lifeIn('installing')), card: STRANGER }, 'foreign_sender'],
    ["from another machine's card, of a machine that is never armed", { life: lifeIn('live'), card: STRANGER }, 'noted'],
  ])('%s', (_name, question, expected) => {
    const found = access(question);
    expect(found.kind === 'refused' ? found.answer.event?.detail['alarm'] : found.kind).toBe(expected);
    if (found.kind === 'refused') expect(found.answer.status).toBe(403);
  });
}); // prettier-ignore
