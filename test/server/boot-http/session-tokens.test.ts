import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Life, type LifeSession, TOKEN_USES } from '../../../src/provision/machines/lifecycle/life.ts';
import { SessionTokens, tokensOf } from '../../../src/server/boot-http/session-tokens.ts';
import { lifeIn, someSession } from '../../provision/machines/lifecycle/some-lives.ts';

function sessionWith(hashes: LifeSession['tokens']): Life {
  return { ...lifeIn('booting'), session: { ...someSession(), tokens: hashes } };
}

function newTokens(): SessionTokens {
  return new SessionTokens(randomBytes, () => 0);
}

describe('SessionTokens', () => {
  it('makes three tokens of 256 bits, and stores only their SHA-256', () => {
    const { hashes, tokens } = newTokens().mint('node1');
    for (const use of TOKEN_USES) {
      const token = tokens[use] ?? '';
      expect(Buffer.from(token, 'base64url')).toHaveLength(32);
      expect(hashes[use]).toBe(createHash('sha256').update(token).digest('hex'));
    }
    expect(new Set(Object.values(tokens)).size).toBe(3);
  });

  it('makes other tokens every time', () => {
    const tokens = newTokens();
    const made = Array.from({ length: 100 }, () => Object.values(tokens.mint('node1').tokens)).flat();
    expect(new Set(made).size).toBe(300);
  });

  it('derives the later tokens of an earlier one, and never the other way', () => {
    const { tokens } = newTokens().mint('node1');
    expect(tokensOf('boot', tokens.boot ?? '')).toEqual(tokens);
    expect(tokensOf('installed', tokens.installed ?? '')).toEqual({
      installed: tokens.installed,
      report: tokens.report,
    });
    expect(tokensOf('report', tokens.report ?? '')).toEqual({ report: tokens.report });
  });

  it('recognises each token of the session by its use', () => {
    const tokens = newTokens();
    const minted = tokens.mint('node1');
    const life = sessionWith(minted.hashes);
    for (const use of TOKEN_USES) expect(tokens.recognise(life, minted.tokens[use])).toBe(use);
    // After a restart too.
    for (const use of TOKEN_USES) {
      expect(newTokens().recognise(life, minted.tokens[use])).toBe(use);
    }
  });

  it('tells the tokens of earlier boots and of other machines from those that never existed', () => {
    const tokens = newTokens();
    const earlier = tokens.mint('node1');
    const other = tokens.mint('node2');
    const life = sessionWith(tokens.mint('node1').hashes);
    expect(tokens.recognise(life, earlier.tokens.boot)).toBe('earlier');
    expect(tokens.recognise(life, other.tokens.report)).toBe('another_machine');
    expect(newTokens().recognise(life, other.tokens.boot)).toBe('unknown');
  });

  it.each([
    ['nothing', undefined, 'none'],
    ['an empty value', '', 'none'],
    ['a short one', 'AAAA', 'unknown'],
    ['one with a further character', 'A'.repeat(44), 'unknown'],
    ['one of the right form', 'A'.repeat(43), 'unknown'],
    ['the stored hash itself', createHash('sha256').update('x').digest('hex'), 'unknown'],
  ])('takes %s for what it is', (_name, token, presented) => {
    const tokens = newTokens();
    expect(tokens.recognise(sessionWith(tokens.mint('node1').hashes), token)).toBe(presented);
    expect(tokens.recognise(lifeIn('ready'), token)).toBe(presented);
  });

  it('recognises no token of a session whose stored hashes are of another form', () => {
    const tokens = newTokens();
    expect(tokens.recognise(sessionWith({ boot: '', installed: 'bb', report: '' }), 'A'.repeat(43))).toBe(
      'unknown',
    );
  });
});
