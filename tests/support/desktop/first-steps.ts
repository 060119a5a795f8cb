// The pictures of docs/first-steps.md, and the moving one of the README: the real window, walked as somebody does who never saw
// it. A model is downloaded and tried, Open WebUI is connected, and a slow request is looked into.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { claudeCode, openWebui } from '../demo/demo-apps.ts';
import { CHAT } from '../demo/demo-models.ts';
import type { Stage } from '../demo/demo-stage.ts';
import { Film } from './film.ts';

/** Takes a picture in light and in dark. */
export type Both = (page: Page, name: string) => Promise<void>;

const MODEL = 'qwen3:4b';
const QUESTION = 'Why does bread rise?';
/** Slow enough that the picture shows speed and time left. */
const NETWORK_BYTES_A_S = 100e6;
/** Milliseconds until a download has a speed. */
const MEASURED_MS = 7000;
/** Until eight requests were measured, one is slow that takes ten seconds (docs/why.md). */
const SLOW_MS = 13_000;

const tab = (page: Page, name: string): Promise<void> => page.getByRole('tab', { name }).click();

export async function firstSteps(page: Page, stage: Stage, both: Both): Promise<void> {
  stage.fake.nextPull({ bytesPerS: NETWORK_BYTES_A_S });
  await tab(page, 'Models');
  await page.getByLabel('Model to download').fill(MODEL);
  await page.getByRole('button', { name: 'Download', exact: true }).click();
  await sleep(MEASURED_MS);
  await both(page, 'steps-download');
  await page.getByRole('heading', { name: 'Downloading' }).waitFor({ state: 'detached', timeout: 60_000 });

  await tab(page, 'Overview');
  await askHere(page);
  // What was said before would be a part of the question.
  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  await askHere(page);
  await both(page, 'steps-try');

  await stage.ask(openWebui.chat('anna', { model: CHAT, content: QUESTION }));
  await page
    .getByRole('link', { name: 'Connect an app…' })
    .or(page.getByRole('button', { name: 'Connect an app…' }))
    .first()
    .click();
  await page.getByRole('heading', { name: 'Connect an app' }).first().waitFor();
  await both(page, 'steps-connect');

  await oneIsSlow(stage);
  await tab(page, 'Requests');
  await openSlow(page);
  await both(page, 'steps-why');
}

/** Asks the same in the window's own box, and waits for the answer. */
async function askHere(page: Page, delay = 0): Promise<void> {
  const box = page.getByLabel('Question');
  await box.focus();
  await page.keyboard.type(QUESTION, { delay });
  await page.keyboard.press('Enter');
  await page.getByText(/^Hit, kept at|^Miss, the model worked/).last().waitFor({ timeout: 60_000 });
}

/** Somebody waits for a long while behind somebody else. */
async function oneIsSlow(stage: Stage): Promise<void> {
  const gate = stage.fake.gate();
  const first = stage.ask(claudeCode(CHAT, 'Why does this test fail?'));
  await stage.fake.until(({ active }) => active === 1);
  const second = stage.ask(openWebui.chat('ben', { model: CHAT, content: 'What makes the tides?' }));
  await sleep(SLOW_MS);
  gate.release();
  await Promise.all([first, second]);
}

async function openSlow(page: Page): Promise<void> {
  const slow = page.locator('.req-a', { hasText: 'Open WebUI ben' }).first();
  await slow.waitFor();
  await slow.click();
  await page.getByText('Why it was slow').first().waitFor();
  await page.mouse.move(0, 0);
}

/** Films a question, the same again, who goes first in the line, and why one was slow. */
export async function filmed(page: Page, stage: Stage, path: string): Promise<void> {
  const film = new Film(page);
  await tab(page, 'Overview');
  await film.during(() => askHere(page, 45), 900);
  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  await film.during(() => askHere(page, 45), 1800);
  const line = [
    stage.ask(openWebui.title('anna', CHAT, QUESTION)),
    stage.ask(claudeCode(CHAT, 'Why does this test fail?')),
    stage.ask(openWebui.chat('ben', { model: CHAT, content: 'What makes the tides?' })),
  ];
  await film.during(() => tab(page, 'Queue'), 6000);
  await Promise.all(line);
  await oneIsSlow(stage);
  await film.during(() => tab(page, 'Requests'), 1200);
  await film.during(() => openSlow(page), 3500);
  await film.write(path);
}
