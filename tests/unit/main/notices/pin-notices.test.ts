// The notice that something could be kept the same in an app's prompts: when it comes, and what its buttons do.
import { beforeEach, describe, expect, test } from 'vitest';
import { shownCaller } from '../../../../backend/contract/apps.ts';
import type { NoticeFact } from '../../../../backend/contract/views/control.ts';
import type { PinOffer } from '../../../../backend/contract/views/parting-places.ts';
import { Notices } from '../../../../main/notices/notices.ts';
import { offerPins } from '../../../../main/notices/pin-notices.ts';
import { PutOffs } from '../../../../main/notices/put-offs.ts';
import { Settings } from '../../../../main/settings/settings.ts';
import { setLanguage } from '../../../../words/texts.ts';

const HOUR = 3_600_000;
const BILLING: PinOffer = {
  caller: 'claude-cli/2.1.197 (external, cli)',
  model: 'qwen2.5-coder:7b',
  what: 'billing_line',
  how: 'pin',
  times: 3,
  chars: 9,
  same_chars: 70,
  tokens: 20_862,
  ms: 18_000,
  turn: null,
  last: [],
};
const CLOCK: PinOffer = { ...BILLING, caller: 'Home Assistant', what: 'clock', how: 'to_end', chars: null, ms: null };

let now = Date.now();
/** What outlives the app. */
let kept: Record<string, unknown>;
let shown = 0;
let offers: PinOffer[];
let told: NoticeFact[];

beforeEach(() => {
  setLanguage('en');
  kept = {};
  shown = 0;
  offers = [BILLING, CLOCK];
  told = [];
});

const fact = (app: string): NoticeFact => ({
  id: `pin ${app}`,
  level: 'info',
  text: '',
  since: new Date(now).toISOString(),
  until: null,
  times: 1,
});

function start(env: Readonly<Record<string, string>> = {}) {
  const settings = new Settings({ data: {}, env, path: '', save: () => undefined });
  const notices = new Notices(() => undefined);
  const memory = { get: (key: string) => kept[key], set: (key: string, value: unknown) => void (kept[key] = value) };
  const putOffs = new PutOffs(memory, { now: () => now }, () => look());
  const look = offerPins({
    settings,
    notices,
    putOffs,
    memory,
    told: () => told,
    // As the gateway does it.
    partings: async () => {
      const left = offers.filter(({ caller, what }) => !putOffs.has(shownCaller(caller), what));
      return await Promise.resolve({ offers: left, places: [], compared: 9, since: null });
    },
    show: () => void shown++,
    now: () => now,
  });
  settings.onChange(look);
  /** The gateway tells of an app, and what is shown then. */
  const tells = async (app: string): Promise<string[]> => {
    told = [fact(app)];
    look();
    await new Promise(setImmediate);
    return notices.view().map(({ text, more }) => `${text} ${more ?? ''}`.replaceAll(/\s/gu, ' '));
  };
  return { settings, notices, putOffs, look, tells };
}

describe('the notice says what changes and what keeping it the same would save', () => {
  test.each([
    [
      'Claude Code',
      'en',
      'Claude Code changes 9 characters at the top of each prompt. Pinning them would save about 18 s a turn.',
    ],
    [
      'Claude Code',
      'de',
      'Claude Code ändert 9 Zeichen am Anfang jedes Prompts. Gleich gehalten würden sie je Anfrage etwa 18 s sparen.',
    ],
    [
      'Home Assistant',
      'en',
      'Home Assistant changes the time at character 71 of each prompt. At the end of the prompt, it would save reading 20,862 tokens a turn.',
    ],
    [
      'Home Assistant',
      'de',
      'Home Assistant ändert die Uhrzeit bei Zeichen 71 jedes Prompts. Am Ende des Prompts würde das je Anfrage 20.862 gelesene Token sparen.',
    ],
  ] as const)('%s, %s', async (app, language, words) => {
    setLanguage(language);
    expect(await start().tells(app)).toEqual([words]);
  });
});

test('its words and buttons are those of the first offer that saves enough a turn', async () => {
  offers = [{ ...BILLING, what: 'clock', how: 'to_end', times: 1000, tokens: 900, ms: 200 }, ...offers];
  const { settings, notices, tells } = start();
  expect(await tells('Claude Code')).toEqual([expect.stringContaining('Claude Code changes 9 characters')]);
  await notices.answer('pin Claude Code', 'pin');
  expect(settings.config.prompts.apps).toEqual({ 'Claude Code': { billing_line: 'pin' } });
});

test('its buttons show the place, or pin, and what was pinned can be undone', async () => {
  const { settings, notices, tells } = start();
  const apps = () => settings.config.prompts.apps;
  await tells('Claude Code');
  expect(notices.view()[0]?.buttons.map(({ label }) => label)).toEqual(['Show', 'Pin', 'Not now']);
  await notices.answer('pin Claude Code', 'pin');
  expect(apps()).toEqual({ 'Claude Code': { billing_line: 'pin' } });
  expect(notices.view()).toMatchObject([
    { id: 'pinned', icon: 'check', text: 'Pinned. The turn after the next reads only what is new.' },
  ]);
  await notices.answer('pinned', 'undo');
  expect(apps()).toEqual({});
  now += 25 * HOUR;
  await tells('Claude Code');
  await notices.answer('pin Claude Code', 'show');
  expect([shown, notices.view()]).toEqual([1, []]);
});

test('what helps only together is pinned together, and undone together', async () => {
  const { settings, notices, tells } = start();
  offers = [{ ...BILLING, also: [{ what: 'clock', how: 'to_end' }] }];
  await tells('Claude Code');
  expect(notices.view()[0]?.more?.replaceAll(/\s/g, ' ')).toBe(
    'Pinning them, with the time at the end of the prompt, would save about 18 s a turn.',
  );
  await notices.answer('pin Claude Code', 'pin');
  expect(settings.config.prompts.apps).toEqual({ 'Claude Code': { billing_line: 'pin', clock: 'to_end' } });
  await notices.answer('pinned', 'undo');
  expect(settings.config.prompts.apps).toEqual({});
});

test('it comes once a day for each app, also after a restart of Hearth', async () => {
  const first = start();
  expect(await first.tells('Claude Code')).toHaveLength(1);
  expect(await start().tells('Claude Code')).toEqual([]);
  expect(await first.tells('Home Assistant')).toHaveLength(2);
  now += 23 * HOUR;
  expect(await start().tells('Claude Code')).toEqual([]);
  now += HOUR;
  expect(await start().tells('Claude Code')).toHaveLength(1);
});

test('"Not now" ends it for a week for an app and kind, also after a restart, and can be undone', async () => {
  const first = start();
  await first.tells('Claude Code');
  await first.notices.answer('pin Claude Code', 'later');
  expect([first.notices.view(), first.settings.config.prompts.apps]).toEqual([[], {}]);
  // Another app has its own, and so has another kind.
  expect(await first.tells('Home Assistant')).toHaveLength(1);
  // Where it is put off on the page, the notice goes.
  first.putOffs.set('Home Assistant', 'clock', true);
  expect(first.notices.view()).toEqual([]);
  now += 7 * 24 * HOUR - 1;
  expect(await start().tells('Claude Code')).toEqual([]);
  first.putOffs.set('Claude Code', 'billing_line', false);
  await new Promise(setImmediate);
  expect(first.notices.view()).toHaveLength(1);
  now += 1;
  expect(await start().tells('Home Assistant')).toHaveLength(1);
});

test('it comes last, goes when settled elsewhere, and offers no change that is locked', async () => {
  const { settings, notices, tells } = start();
  notices.add({ id: 'other', level: 'warning', text: 'What somebody is about to answer.' });
  await tells('Claude Code');
  expect(notices.view().map(({ id }) => id)).toEqual(['other', 'pin Claude Code']);
  settings.set('prompts.keep_stable', false);
  expect(notices.view().map(({ id }) => id)).toEqual(['other']);
  kept = {};
  const locked = start({ PROMPTS__APPS: '{"aider": {"clock": "to_end"}}' });
  await locked.tells('Claude Code');
  expect(locked.notices.view()[0]?.buttons.map(({ label }) => label)).toEqual(['Show', 'Not now']);
});

test('where the offer is gone by then, or no gateway runs, nothing is shown', async () => {
  offers = [CLOCK];
  expect(await start().tells('Claude Code')).toEqual([]);
  expect(kept).toEqual({});
});
