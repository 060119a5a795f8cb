// The tab Queue says of each who waits one reason why it stands there, nothing that counts down while an answer is overdue, and
// why the order is so: at length on the first visit, folded after it.
import { beforeAll, expect, test } from 'vitest';
import { startPages, type PageStage } from '../support/page/browser.ts';
import { STATES, type Shown } from '../support/page/views.ts';

let stage: PageStage;
beforeAll(async () => {
  stage = await startPages();
});

/** As it is read: with plain spaces. */
const plain = (texts: readonly string[]): string[] => texts.map((text) => text.replaceAll(/\s+/g, ' ').trim());

test('the line is told by classes, with one reason each; why is folded from the second visit on', async () => {
  const { page, close } = await stage.open((STATES['an overdue answer, classes in line'] as () => never)());
  await page.keyboard.press('Control+2');
  await page.getByText(/Longer than expected, so far \d/).waitFor();
  const rows = page.locator('ol > li').locator('.who, b').or(page.locator('.q-break span'));
  expect(plain(await rows.allTextContents())).toEqual([
    'People',
    'Open WebUI',
    'Try it, behind Open WebUI',
    'Apps',
    'Continue, behind 2 people',
    'Background',
    'Open WebUI, title, gave way 3 times',
    'then deepseek-r1:8b, which loads in about 4 s',
    expect.stringMatching(/^nightly-report, moves up in \d+ s$/),
  ]);
  const when = plain(await page.locator('ol .q-when').allTextContents());
  const words = when.map((text) => text.replace(/ ?waited.*/, ''));
  expect(words).toEqual(['when it ends', ...[12, 21, 34, 40].map((s) => `about ${s} s later`)]);
  await page.getByText('“Later” counts from the end of the running answer, which is overdue.').waitFor();
  const why = page.getByText('All else that does not say');
  expect(await why.isVisible()).toBe(true);
  await page.keyboard.press('Control+1');
  await page.keyboard.press('Control+2');
  await page.getByText('Why in this order').click({ trial: true });
  expect(await why.isVisible()).toBe(false);
  await page.getByText('Why in this order').click();
  await page.getByRole('button', { name: 'Change the class of an app…' }).click();
  await page.locator('.field', { hasText: 'queue.rules' }).waitFor();
  await close();
});

test('one that waits in the line of another Hearth is told with its number there', async () => {
  const shown = (STATES['an overdue answer, classes in line'] as () => Shown)();
  const { live } = shown;
  if (live === null) throw new Error('the state has no gateway');
  const running = live.queue.running.map((entry) => ({
    ...entry,
    upstream: 'desktop',
    inner: { queue_position: 3, estimated_wait_time: 40_000 },
  }));
  const { page, close } = await stage.open({ ...shown, live: { ...live, queue: { ...live.queue, running } } });
  await page.keyboard.press('Control+2');
  await page.getByText(/^Number 3 in line at desktop, \S/).waitFor();
  expect(await page.getByText(/Longer than expected/).count()).toBe(0);
  await close();
});
