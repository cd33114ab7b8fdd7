import { describe, expect, it } from 'vitest';
import { lifecycle, toLifecycleTimes } from '../../src/config/sections/lifecycle.ts';

describe('the times of the section lifecycle', () => {
  it('are in milliseconds', () => {
    const settings = lifecycle.parse({
      stall_minutes: 1,
      boot_minutes: 2,
      install_minutes: 3,
      arm_minutes: 4,
      token_grace_seconds: 5,
    });
    expect(toLifecycleTimes(settings)).toEqual({
      stallAfterMs: 60_000,
      bootMs: 120_000,
      installMs: 180_000,
      armMs: 240_000,
      tokenGraceMs: 5_000,
    });
  });

  it.each([{ arm_minutes: 0 }, { boot_minutes: 1.5 }, { token_grace_seconds: 3_601 }])(
    'are refused if they make no sense: %j',
    (settings) => {
      expect(lifecycle.safeParse(settings).success).toBe(false);
    },
  );
});
