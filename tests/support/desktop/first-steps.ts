// The pictures of docs/first-steps.md: the real window, walked as somebody does who never saw it. A model is downloaded and tried,
// and Open WebUI is connected; a slow request is looked into by within-a-minute.ts.
import type { Page } from 'playwright-core';
import { openWebui } from '../demo/demo-apps.ts';
import { CHAT } from '../demo/demo-models.ts';
import type { Stage } from '../demo/demo-stage.ts';
import type { FakeModel } from '../fake-ollama/fake-ollama.ts';

/** Takes a picture in light and in dark. */
export type Both = (page: Page, name: string) => Promise<void>;

/** Not one that the day before has brought: what is on the disk is not downloaded. */
export const DOWNLOADED: FakeModel = { name: 'mistral:7b', size: 4.373e9, capabilities: ['completion', 'tools'] };
const QUESTION = 'Why does bread rise?';
/** Slow enough that the pictures show speed and time left. */
const NETWORK_BYTES_A_S = 120e6;
/** For what takes its time, also on a machine that is busy. Milliseconds. */
const PATIENCE_MS = 300_000;

const tab = (page: Page, name: string): Promise<void> => page.getByRole('tab', { name }).click();

export async function firstSteps(page: Page, stage: Stage, both: Both): Promise<void> {
  stage.fake.nextPull({ bytesPerS: NETWORK_BYTES_A_S });
  await tab(page, 'Models');
  await page.getByLabel('Model to download').fill(DOWNLOADED.name);
  await page.getByRole('button', { name: 'Download', exact: true }).click();
  const row = page.locator(`[data-row="pull ${DOWNLOADED.name}"]`);
  // It has a speed once enough of it was measured.
  await row.getByText(/about .* left/).waitFor({ timeout: PATIENCE_MS });
  await row.getByText('/s').waitFor({ timeout: PATIENCE_MS });
  // Nothing is pointed at, so that the row goes when it is done.
  await page.mouse.move(0, 0);
  await both(page, 'steps-download');
  await row.waitFor({ state: 'detached', timeout: PATIENCE_MS });

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
}

/** Asks the same in the window's own box, and waits for the answer. */
async function askHere(page: Page): Promise<void> {
  const box = page.getByLabel('Question');
  await box.focus();
  await page.keyboard.type(QUESTION);
  await page.keyboard.press('Enter');
  await page
    .getByText(/^Hit, kept at|^Miss, the model worked/)
    .last()
    .waitFor({ timeout: PATIENCE_MS });
}
