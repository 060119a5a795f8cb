// What the window says is so: buttons that exist, counts that agree, costs that are real, failures that are over.
import { beforeAll, expect, test } from 'vitest';
import type { View } from '../../backend/contract/window/desktop.ts';
import { AppError } from '../../backend/contract/errors.ts';
import { startPages, type PageStage } from '../support/page/browser.ts';
import { entry, MODELS, quiet, STATES, view, waiting } from '../support/page/views.ts';

let stage: PageStage;
beforeAll(async () => {
  stage = await startPages();
});

const state = (name: string): View => (STATES[name] as () => View)();

test.each([
  ['ollama missing', 'Get it above.'],
  ['ollama down', 'Start it above.'],
  ['no ollama at the address', 'Change its address above.'],
])('%s: the Models tab names the button that is there', async (name, words) => {
  const open = await stage.open(state(name));
  await open.page.locator('#tab-models').click();
  await open.page.getByText(words).waitFor();
  await open.close();
});

test('no model is offered to be warmed while Ollama is down', async () => {
  const down = state('ollama down');
  const live = down.live === null ? null : { ...down.live, models: MODELS.map((of) => ({ ...of, loaded: false })) };
  const open = await stage.open({ ...down, live });
  await open.page.getByText('not known while Ollama is down').waitFor();
  expect(await open.page.getByRole('button', { name: /^Warm/ }).count()).toBe(0);
  await open.close();
});

test('the same number runs and waits in the header, the tab, the row and the notes of the queue', async () => {
  const live = quiet({ running: [entry()], waiting: [waiting(1), waiting(2, { source: 'coalesced', leads: false })] });
  const health = { ...live.health, queue: { ...live.health.queue, length: 1 } };
  const open = await stage.open(view({ live: { ...live, health } }));
  const { page } = open;
  expect(await page.locator('.status-line').textContent()).toBe('Answering 1, 1 waiting');
  expect(await page.locator('#tab-queue .count').textContent()).toMatch(/1$/);
  expect(await page.locator('.now > div').nth(2).locator('dd span').first().textContent()).toBe('1');
  await page.locator('#tab-queue').click();
  await page.getByText('1 of 1 slot').waitFor();
  await page.getByText('1 of 100 places').waitFor();
  await open.close();
});

test('the tray’s wish to clear is a question in the window, once, with the focus on Keep', async () => {
  const open = await stage.open(view({ live: quiet({ entries: 1, sizeMb: 0.01 }) }));
  const { page } = open;
  await open.push({ go: { tab: 'settings', asks: 'clear_cache', n: 1 } });
  await page.getByText('Clear 1 answer? It cannot be brought back.').waitFor();
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Keep');
  await page.keyboard.press('Enter');
  await page.getByText('1 answer, 10 KB in memory').waitFor();
  await page.locator('#tab-queue').click();
  await page.locator('#tab-settings').click();
  await page.getByText('1 answer, 10 KB in memory').waitFor();
  await open.push({ go: { tab: 'settings', asks: 'clear_cache', n: 2 } });
  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  await expect.poll(() => open.calls).toEqual([{ command: 'act', input: { action: 'clear', data: {} } }]);
  await open.close();
});

test('a restart says what it costs, as of now', async () => {
  const notices: View['notices'] = [
    { id: 'r', level: 'info', icon: 'restart', restarts: true, text: 'Port 8090 waits for a restart.', buttons: [] },
  ];
  const open = await stage.open(view({ notices, live: quiet() }));
  const dock = open.page.getByRole('complementary', { name: 'Notices' });
  const lines = await dock.locator('p').allTextContents();
  expect(lines).toEqual(['Port 8090 waits for a restart.', 'Nothing runs now, so nothing is lost.']);
  await open.push({ live: quiet({ entries: 12, running: [entry()] }) });
  await dock.getByText(/^A running answer gets 10.s to end\.$/).waitFor();
  await open.close();
});

test('a failed import is over with a good one', async () => {
  let times = 0;
  const wrong = new AppError('invalid_request', 'a.toml, line 3: this is not valid TOML.');
  const answers = { import_settings: () => (times++ === 0 ? wrong : { file: 'b.toml', changed: 2, problems: [] }) };
  const open = await stage.open(view({ go: { tab: 'settings', n: 1 }, live: quiet() }), { answers });
  const { page } = open;
  await page.getByRole('button', { name: 'Import…' }).click();
  await page.locator('#view').getByRole('alert').getByText(wrong.message).waitFor();
  await page.getByRole('button', { name: 'Import…' }).click();
  await page.getByText('2 settings changed.').waitFor();
  expect(await page.getByText(wrong.message).count()).toBe(0);
  await open.close();
});

test('other machines have their address, with a button that copies it', async () => {
  const { gateway } = view();
  const lan = 'http://192.168.1.24:8080';
  const open = await stage.open(view({ gateway: { addresses: { ...gateway.addresses, lan } } }));
  await open.page.getByRole('button', { name: 'Copy the address for other machines' }).click();
  await expect.poll(() => open.calls).toEqual([{ command: 'copy', input: { text: lan } }]);
  await open.close();
});

test('a port that Ollama has is explained', async () => {
  const failure = { kind: 'port_taken', port: 11_434, holder: { hearth: false, ollama: true }, next_port: 11_435 } as const; // prettier-ignore
  const open = await stage.open(view({ gateway: { state: 'failed', since: null, failure }, live: null }));
  await open.page.getByText('Port 11434 is taken by Ollama').waitFor();
  await open.page.getByText('so it needs a port of its own').waitFor();
  await open.page.getByRole('button', { name: 'Use 11435' }).waitFor();
  await open.close();
});

test('an answer that is overdue says so, and nobody behind it is given a countdown', async () => {
  const late = { late: true, estimated_wait_time: 1000 };
  const live = quiet({
    running: [entry({ late: true, age_ms: 20_000, started_at: new Date(Date.now() - 20_000).toISOString() })],
    waiting: [waiting(1, late), waiting(2, { ...late, wait_after_ms: 12_000 })],
  });
  const open = await stage.open(view({ live }));
  const { page } = open;
  await page.getByText('until the answer ends').waitFor();
  await page.locator('#tab-queue').click();
  await page.getByText(/^Longer than expected, so far 2\d.s$/).waitFor();
  const whens = await page.locator('.q-when').allTextContents();
  expect(whens.map((words) => words.replace(/waited.*/, '').replaceAll('\u202F', ' '))).toEqual([
    'when it ends',
    'about 12 s later',
  ]);
  await open.close();
});
