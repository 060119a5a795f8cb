// Which sentence is chosen for a request that had no kept answer. docs/why.md has one of each.
import { expect, test } from 'vitest';
import { defaultConfig } from '../../../../backend/contract/config/config.ts';
import { SLOW_CAUSES } from '../../../../backend/core/explain/why-slow.ts';
import { MISSED_CAUSES, whyMissed } from '../../../../backend/core/explain/why-missed.ts';
import { MISSED_EXAMPLES } from '../../../support/missed-examples.ts';

test('each cause has a name of its own among all catalogues, and a setting that exists', () => {
  const names = [...SLOW_CAUSES, ...MISSED_CAUSES].map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  const config: Readonly<Record<string, object>> = defaultConfig();
  for (const { setting } of MISSED_CAUSES) {
    const [section = '', field = ''] = setting?.path.split('.') ?? ['cache', 'enabled'];
    expect(Object.keys(config[section] ?? {})).toContain(field);
  }
});

test.each(MISSED_CAUSES.map(({ name }) => name))('%s is chosen for its example', (name) => {
  const facts = MISSED_EXAMPLES[name];
  expect(facts && whyMissed(facts)).toMatchObject({ cause: name, text: expect.stringMatching(/^[^]+\.$/) });
});
