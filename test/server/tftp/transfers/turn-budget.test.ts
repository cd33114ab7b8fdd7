import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { TurnBudget } from '../../../../src/server/tftp/transfers/turn-budget.ts';

test('the budget is eight milliseconds of a turn, however often it is asked, and starts again in the next turn', async () => {
  let nowMs = 50;
  const turn = new TurnBudget(() => nowMs);
  expect(turn.left).toBe(true);
  nowMs = 57.9;
  expect(turn.left).toBe(true);
  nowMs = 58;
  expect(turn.left).toBe(false);
  nowMs = 60;
  expect(turn.left).toBe(false);
  await setImmediate();
  expect(turn.left).toBe(true);
  nowMs = 68;
  expect(turn.left).toBe(false);
});
