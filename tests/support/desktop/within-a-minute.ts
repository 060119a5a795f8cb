// Pictures, light and dark: from the Overview to a slow request, why it was slow, where its prompt
// parted from the one before, why it was not kept, and the setting that changes that. The real app in front of the simulated
// Ollama: the apps and the times of the model are made up, all that Hearth says of them is measured.
import type { Page } from 'playwright-core';
import { startDesktop, type Desktop } from './real-app.ts';

/** Takes a picture of the window under a name, in one theme. */
export type Picture = (page: Page, name: string, dark: boolean) => Promise<void>;

/** What "Reading-Desk" sends before each question: the time stands near the top, as some apps have it. */
const RULES = 'Answer from the book alone, name the chapter, and say so where the book says nothing. '.repeat(150);
const system = (clock: string): string => `You are the guide of Reading-Desk. It is ${clock}.\n${RULES}`;
/** Tokens of the pretended model, by the characters of a prompt. */
const TOKENS_A_CHAR = 0.25;

async function ask(desktop: Desktop, app: string, body: object): Promise<void> {
  const answer = await fetch(`${desktop.url}/api/chat`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': `${app}/1.0` },
    body: JSON.stringify({ model: 'llama3.2', ...body }),
  });
  await answer.text();
}

const question = (content: string): object => ({
  messages: [{ role: 'user', content }],
  options: { temperature: 0 },
});

const reading = (clock: string, content: string): object => ({
  messages: [
    { role: 'system', content: system(clock) },
    { role: 'user', content },
  ],
  options: { temperature: 0.8 },
});

/** A morning of two apps, and then a request that is slow for two reasons. */
async function morning(desktop: Desktop): Promise<void> {
  const { fake } = desktop;
  const prompt = Math.round(system('').length * TOKENS_A_CHAR);
  const long = { usage: { prompt_tokens: prompt, completion_tokens: 24, cached_tokens: 12 }, firstPieceMs: 2600 };
  fake.when(({ body }) => JSON.stringify(body).includes('guide of Reading-Desk'), long);
  fake.when(({ body }) => JSON.stringify(body).includes('meals of a week'), { firstPieceMs: 1500, pieceMs: 20 });
  for (const content of ['How long does rice take?', 'What goes with lentils?', 'How long does rice take?']) {
    await ask(desktop, 'Kitchen-Notes', question(content));
  }
  // Enough that it is known what is usual for the model.
  for (const thing of ['rivers', 'lakes', 'rivers', 'hills', 'seas', 'woods', 'towns', 'roads', 'birds', 'trees']) {
    await ask(desktop, 'Night-Script', question(`Name three ${thing}.`));
  }
  await ask(desktop, 'Reading-Desk', reading('09:14:05', 'Who is the narrator?'));
  const before = ask(desktop, 'Kitchen-Notes', question('Plan the meals of a week for four.'));
  await fake.until(({ active }) => active === 1, 300_000);
  await Promise.all([before, ask(desktop, 'Reading-Desk', reading('09:15:41', 'Where does the journey begin?'))]);
}

/** Scrolls a part of the page to the top of what can be seen. */
async function showHeading(page: Page, name: string): Promise<void> {
  await page.getByRole('heading', { name, exact: true }).evaluate((heading) => heading.scrollIntoView());
}

export async function takeThem(picture: Picture): Promise<void> {
  // At twice the density, for today's screens.
  const desktop = await startDesktop({
    fake: { pieceMs: 12 },
    port: 8080,
    screenSize: '2400x1800',
    args: ['--force-device-scale-factor=2'],
  });
  const both = async (page: Page, name: string): Promise<void> => {
    for (const dark of [false, true]) await picture(page, dark ? `${name}-dark` : name, dark);
  };
  try {
    await desktop.ready();
    const page = await desktop.window();
    // The machine may be busy.
    page.setDefaultTimeout(300_000);
    await page.getByRole('tab', { name: 'Overview' }).waitFor();
    await morning(desktop);
    await both(page, 'minute-overview');
    await page.getByRole('tab', { name: 'Requests' }).click();
    const slow = page.locator('.req-a', { hasText: 'Reading-Desk' }).first();
    await slow.waitFor();
    // Nothing is pointed at.
    await page.mouse.move(0, 0);
    await both(page, 'minute-requests');
    await slow.click();
    await page.getByText('Why it was slow:').waitFor();
    await page.mouse.move(0, 0);
    await both(page, 'minute-slow');
    await showHeading(page, 'Where the prompts part');
    await both(page, 'minute-prompts');
    await desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.setContentSize(1000, 720));
    await page.getByText('Why it missed:').evaluate((words) => words.scrollIntoView());
    await both(page, 'minute-side-by-side');
    await desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.setContentSize(460, 680));
    await page.getByText('Why it missed:').locator('..').getByRole('button').click();
    await page.locator('[data-path="cache.drop_in"]').waitFor();
    await both(page, 'minute-setting');
  } finally {
    await desktop.stop();
  }
}
