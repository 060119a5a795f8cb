// The notices at the lower edge: how each is drawn, and that the newest alone takes room.
import { beforeAll, expect, test } from 'vitest';
import type { View } from '../../backend/contract/window/desktop.ts';
import { startPages, type PageStage } from '../support/page/browser.ts';
import { STATES } from '../support/page/views.ts';

let stage: PageStage;
beforeAll(async () => {
  stage = await startPages();
});

const state = (name: string): View => (STATES[name] as () => View)();

test('a page that asks for access is named by its address, and the answer goes to its notice', async () => {
  const open = await stage.open(state('keys'));
  const dock = open.page.getByRole('complementary', { name: 'Notices' });
  expect(await dock.locator('strong').allTextContents()).toEqual(['https://notes.example.com']);
  expect(await dock.locator('p').first().textContent()).toBe(
    'https://notes.example.com wants to use your local models.',
  );
  await dock.getByRole('button', { name: 'Allow this session' }).click();
  const input = { id: 'origin https://notes.example.com', button: 'session' };
  await expect.poll(() => open.calls).toEqual([{ command: 'answer_notice', input }]);
  await open.close();
});

test('the newest is shown with its own icon, the others behind the count of them', async () => {
  const open = await stage.open(state('notices'));
  const dock = open.page.getByRole('complementary', { name: 'Notices' });
  const icons = dock.locator('.note > svg use');
  expect(await icons.evaluateAll((all) => all.map((use) => use.getAttribute('href')))).toEqual(['#i-restart']);
  await dock.getByRole('button', { name: '2 more' }).click();
  await expect.poll(() => icons.count()).toBe(3);
  await dock.getByRole('button', { name: 'Only the newest' }).click();
  await expect.poll(() => icons.count()).toBe(1);
  await open.close();
});
