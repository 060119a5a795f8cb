// The fire line of the header: as long as the model stays warm, and nothing at all once it is out.
import { expect, test } from 'vitest';
import { startPages } from '../support/page/browser.ts';
import { quiet, view } from '../support/page/views.ts';

test('while Ollama is away the fire line has not one pixel of ember', async () => {
  const stage = await startPages();
  const open = await stage.open(view({ live: quiet({ upstream: { state: 'down' } }) }));
  const fire = open.page.locator('.fire');
  const burnt = await fire.screenshot();
  await fire.evaluate((line) => ((line as HTMLProgressElement).value = 0));
  expect((await fire.screenshot()).equals(burnt)).toBe(true);
  await open.close();
});
