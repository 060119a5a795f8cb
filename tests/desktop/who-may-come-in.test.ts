// Who may come in, decided in the window of the real app: pages that ask for the first time, and keys for other machines.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { startDesktop, type Desktop } from '../support/desktop/real-app.ts';
import { eventually } from '../support/waiting.ts';

let desktop: Desktop;
let page: Page;
beforeAll(async () => {
  desktop = await startDesktop({ args: [] });
  await desktop.ready();
  page = await desktop.window();
  page.setDefaultTimeout(8000);
  await page.getByRole('tab', { name: 'Overview' }).waitFor();
});
afterAll(() => desktop.stop());

const health = async (headers: Record<string, string>): Promise<number> =>
  (await fetch(`${desktop.url}/health`, { headers })).status;
interface Saved {
  readonly cors?: object;
  readonly server?: { readonly api_keys?: readonly object[] };
}
const saved = (): Saved => JSON.parse(readFileSync(join(desktop.dataFolder, 'config.json'), 'utf8')) as Saved;

describe('a page that asks for the first time', () => {
  const ask = (name: string): Promise<number> => health({ origin: `https://${name}.example` });
  const notice = (name: string) =>
    page.locator('.note', { hasText: `https://${name}.example wants to use your local models.` });

  test('is refused, and the window says who asked and how often', async () => {
    expect([await ask('always'), await ask('always')]).toEqual([403, 403]);
    await notice('always').getByText('It asked twice and got nothing.').waitFor();
  });

  test('allowed always, it comes in and stands in the settings', async () => {
    await notice('always').getByRole('button', { name: 'Allow always' }).click();
    await notice('always').waitFor({ state: 'detached' });
    expect(await ask('always')).toBe(200);
    expect(saved().cors).toEqual({ allowed_origins: ['http://localhost:3000', 'https://always.example'] });
  });

  test('one allowed for the session comes in, also after a gateway restart, and is written nowhere', async () => {
    expect(await ask('session')).toBe(403);
    await notice('session').getByRole('button', { name: 'Allow this session' }).click();
    await eventually('a way in', async () => (await ask('session')) === 200);
    await page.evaluate(async () => {
      await (globalThis as unknown as { hearth: { call: (c: string, i: object) => Promise<unknown> } }).hearth.call(
        'restart_gateway',
        {},
      );
    });
    expect(await ask('session')).toBe(200);
    expect(JSON.stringify(saved())).not.toContain('session.example');
  });

  test('blocked, it stays out and nobody is asked again', async () => {
    expect(await ask('block')).toBe(403);
    await notice('block').getByRole('button', { name: 'Block' }).click();
    await notice('block').waitFor({ state: 'detached' });
    expect(saved().cors).toMatchObject({ blocked_origins: ['https://block.example'] });
    expect([await ask('block'), await ask('other')]).toEqual([403, 403]);
    // The one that came after it has its notice; this one has none.
    await notice('other').waitFor();
    expect(await notice('block').count()).toBe(0);
    await notice('other').getByRole('button', { name: 'Block' }).click();
  });
});

describe('keys', () => {
  const ELSEWHERE = { 'x-forwarded-for': '203.0.113.7' };
  const field = (path: string) => page.locator(`[data-path="${path}"]`);
  let secret = '';

  test('other machines are let in only when there is a key, and the way to one is a press away', async () => {
    await page.getByRole('tab', { name: 'Settings' }).click();
    const lan = field('server.lan');
    await lan.getByText('Needs a key first, so that only your machines get in.').waitFor();
    expect(await lan.getByRole('switch').getAttribute('aria-disabled')).toBe('true');
    await lan.getByRole('button', { name: 'Add a key…' }).click();
    // The button just pressed has the same words and the focus at first.
    const button = field('server.api_keys').getByRole('button', { name: 'Add a key…' });
    await expect.poll(() => button.evaluate((element) => element === document.activeElement)).toBe(true);
  });

  test('a key is made by keyboard, shown once, and opens the door; the file has its hash alone', async () => {
    await page.keyboard.press('Enter');
    const name = page.getByLabel('Name', { exact: true });
    await expect.poll(() => name.evaluate((input) => input === document.activeElement)).toBe(true);
    await page.keyboard.type('my phone');
    await page.keyboard.press('Enter');
    await field('server.api_keys').getByText('A name has 1 to 64 characters').waitFor();
    await name.fill('phone');
    await name.press('Enter');
    secret = await field('server.api_keys')
      .getByText(/^hearth_/)
      .innerText();
    expect(secret).toMatch(/^hearth_[\w-]{43}$/);
    expect([await health(ELSEWHERE), await health({ ...ELSEWHERE, authorization: `Bearer ${secret}` })]).toEqual([
      401, 200,
    ]);
    await page.getByRole('button', { name: 'Done' }).click();
    expect(await page.getByText(secret).count()).toBe(0);
    expect(saved().server?.api_keys).toMatchObject([{ name: 'phone', scopes: ['chat'] }]);
    expect(JSON.stringify(saved())).not.toContain(secret);
    const isLocked = () => field('server.lan').getByRole('switch').getAttribute('aria-disabled');
    await expect.poll(isLocked).not.toBe('true');
  });

  test('revoked after asking back, it opens nothing', async () => {
    await page.getByRole('button', { name: 'Revoke phone…' }).click();
    await page.getByRole('button', { name: 'Keep' }).click();
    expect(await health({ ...ELSEWHERE, authorization: `Bearer ${secret}` })).toBe(200);
    await page.getByRole('button', { name: 'Revoke phone…' }).click();
    await page.getByRole('button', { name: 'Revoke', exact: true }).click();
    await page.getByRole('button', { name: 'Revoke phone…' }).waitFor({ state: 'detached' });
    expect(await health({ ...ELSEWHERE, authorization: `Bearer ${secret}` })).toBe(401);
    expect(saved().server?.api_keys).toEqual([]);
  });
});
