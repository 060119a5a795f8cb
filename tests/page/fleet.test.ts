// The fleet in Overview: each gateway with what runs there, who is gone and who is older; nothing of it where there is one of each.
import { beforeAll, expect, test } from 'vitest';
import { startPages, type PageStage } from '../support/page/browser.ts';
import { FLEETS, fleetView, withFleet } from '../support/page/fleet-views.ts';
import { STATES, view, type Shown } from '../support/page/views.ts';

let stage: PageStage;
beforeAll(async () => {
  stage = await startPages();
});

/** The rows of the table, the heading and the sentences below and above it, as they are read. */
async function told(shown: Shown, heading: string): Promise<{ readonly rows: string[]; readonly all: string }> {
  const { page, close } = await stage.open(shown);
  const section = page.locator('section', { has: page.getByRole('heading', { name: heading, exact: true }) });
  await section.waitFor();
  const words = (text: string): string => text.replaceAll('\u202F', ' ').replaceAll(/\s+/g, ' ').trim();
  const rows = await section
    .locator('tbody tr')
    .evaluateAll((all) =>
      all.map((row) => [...row.children].map((cell) => (cell as HTMLElement).innerText).join(' | ')),
    );
  const all = words(await section.innerText());
  await close();
  return { rows: rows.map(words), all };
}
const state = (name: string): Shown => (STATES[name] as () => Shown)();

test('shows each gateway with what runs there, its machines, and the hit rate of each tier', async () => {
  const { rows, all } = await told(state('a fleet'), 'Fleet');
  expect(rows).toEqual([
    'desk-1 this one · llama3.2:3b for localhost:3000 | 1 | 3 | 66 %',
    'desk-2 | 2 | 1 | 66 %',
    'desktop qwen2.5-coder:7b for Open WebUI · llama3.2:3b for aider | 2 | 1 |',
    'laptop is being woken | 0 | 0 |',
    'gpu-server-in-the-basement.lab.example deepseek-r1:70b, gemma3:12b, llama3.2:3b and 1 more in memory | 0 | 0 | –',
  ]);
  expect(all).toContain('3 gateways');
  expect(all).toContain('Of 416 requests 40 % were answered from memory, 10 % from disk, 4 % by what another gateway');
});

test('says who was not heard, who is older, and where Ollama does not answer', async () => {
  const { rows, all } = await told(state('a fleet, one gone and one older'), 'Fleet');
  expect(rows.slice(1)).toEqual([
    'desk-2 not heard for 1 min | – | – | 66 %',
    'desk-3 version 1.2.0 · paused · Ollama does not answer | 0 | 0 | 66 %',
  ]);
  expect(all).toContain('2 of 3 gateways');
});

test('says in German that Valkey is away, and what is not known here and elsewhere', async () => {
  const shown = state('a fleet without Valkey');
  const { rows, all } = await told({ ...shown, app: { ...shown.app, language: 'de' } }, 'Verbund');
  expect(all).toContain('Valkey ist nicht da. Was die anderen gerade tun, ist nicht bekannt.');
  expect(all).toContain('2 Löschungen behaltener Antworten: Die anderen erfahren davon');
  expect(rows[1]).toBe('desk-2 seit 41 s nichts gehört | – | – | 66 %');
});

test('shows the machines of a gateway that is alone', async () => {
  const { rows, all } = await told(state('several machines'), 'Machines');
  expect(rows).toEqual(['desktop llama3.2:3b for localhost:3000 | 2 | 1 | 2', 'laptop is being woken | 0 | 0 | 1']);
  expect(all).toContain('1 of 2 answer');
});

test('is not shown with one gateway and one Ollama, nor before the restart that joins a fleet', async () => {
  const heading = /^(?:Fleet|Machines)$/;
  const alone = { ...view(), fleet: fleetView(FLEETS['a fleet']?.().nodes) };
  const waiting = withFleet(view(), fleetView());
  const values = { ...waiting.settings.values, 'cluster.url': 'valkey://10.0.0.5' };
  for (const shown of [alone, { ...waiting, settings: { ...waiting.settings, values } }]) {
    const { page, close } = await stage.open(shown);
    await page.getByRole('heading', { name: 'What failed' }).waitFor();
    expect(await page.getByRole('heading', { name: heading }).count()).toBe(0);
    await close();
  }
});
