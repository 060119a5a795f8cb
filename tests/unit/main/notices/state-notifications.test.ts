// Notifications of changes of state: each state at most once in five minutes, the last one true, and none of what the user did.
import { beforeEach, expect, test } from 'vitest';
import type { AppState } from '../../../../backend/contract/views/app-state.ts';
import { StateNotifications } from '../../../../main/notices/state-notifications.ts';
import { ManualClock } from '../../../support/clocks.ts';

const up: AppState = { is: 'ready', warm: true };
const down: AppState = { is: 'ollama_down', upstream: {} };

let clock: ManualClock;
let said: string[];
let notifications: StateNotifications;
beforeEach(() => {
  clock = new ManualClock();
  said = [];
  notifications = new StateNotifications(clock, ({ title }) => said.push(title));
});

test('an Ollama that comes and goes ten times a minute is said to be away once, and back once', async () => {
  notifications.step(up);
  for (let i = 0; i < 10; i++) {
    notifications.step(down);
    await clock.advance(3000);
    notifications.step(up);
    await clock.advance(3000);
  }
  await clock.advance(600_000);
  expect(said).toEqual(['Ollama is not running', 'Ollama is back']);
  expect(clock.sleeping).toBe(0);
});

test('where it is away in the end, that is said when the five minutes are over', async () => {
  notifications.step(up);
  for (const state of [down, up, down]) notifications.step(state);
  await clock.advance(299_000);
  expect(said).toEqual(['Ollama is not running', 'Ollama is back']);
  await clock.advance(1000);
  expect(said).toEqual(['Ollama is not running', 'Ollama is back', 'Ollama is not running']);
});

test('what follows within ten seconds from what the user did is not said', async () => {
  notifications.step(up);
  notifications.did();
  notifications.step(down);
  await clock.advance(10_000);
  notifications.step(up);
  expect(said).toEqual(['Ollama is back']);
});
