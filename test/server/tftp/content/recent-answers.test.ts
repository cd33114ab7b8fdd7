import { expect, test } from 'vitest';
import { RecentAnswers } from '../../../../src/server/tftp/content/recent-answers.ts';

let nowMs = 0;
let asked = 0;
const ask = (): Promise<number> => Promise.resolve(++asked);
const newAnswers = (): RecentAnswers<number> => {
  [nowMs, asked] = [0, 0];
  return new RecentAnswers(100, () => nowMs);
};

test('an answer is valid for its time from when it was asked for', async () => {
  const answers = newAnswers();
  expect(await answers.get('a', ask)).toBe(1);
  nowMs = 99;
  expect(await answers.get('a', ask)).toBe(1);
  expect(await answers.get('b', ask)).toBe(2);
  nowMs = 100;
  expect(await answers.get('a', ask)).toBe(3);
  expect(await answers.get('b', ask)).toBe(2);
});

test('requests during a look-up wait for the same answer', async () => {
  const answers = newAnswers();
  expect(await Promise.all([answers.get('a', ask), answers.get('a', ask)])).toEqual([1, 1]);
});

test('a failure is passed to all waiting requests, and not remembered', async () => {
  const answers = newAnswers();
  const fail = (): Promise<number> => Promise.reject(new Error('no disk'));
  const [one, other] = await Promise.allSettled([answers.get('a', fail), answers.get('a', ask)]);
  expect([one.status, other.status]).toEqual(['rejected', 'rejected']);
  expect(await answers.get('a', ask)).toBe(1);
});

test('a late failure does not affect a newer answer', async () => {
  const answers = newAnswers();
  let fail = (_error: Error): void => undefined;
  const late = answers.get('a', () => new Promise((_resolve, reject) => (fail = reject)));
  nowMs = 100;
  expect(await answers.get('a', ask)).toBe(1);
  fail(new Error('no disk'));
  await expect(late).rejects.toThrow('no disk');
  expect(await answers.get('a', ask)).toBe(1);
});

test('a forgotten answer is asked for again', async () => {
  const answers = newAnswers();
  await answers.get('a', ask);
  answers.forget('a');
  expect(await answers.get('a', ask)).toBe(2);
});

test('of more than a thousand questions the oldest are forgotten', async () => {
  const answers = newAnswers();
  for (let question = 0; question <= 1000; question++) await answers.get(`${question}`, ask);
  expect(await answers.get('1', ask)).toBe(2);
  expect(await answers.get('0', ask)).toBe(1002);
});
