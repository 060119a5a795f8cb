// A feed that takes the connection and says nothing: the look has failed, and the next one is made.
import { expect, test } from 'vitest';
import { Updates, type Updater } from '../../../../main/updates/updates.ts';
import { NO_LOG } from '../../../support/builders.ts';
import { ManualClock, settled } from '../../../support/clocks.ts';

const never = new Promise<never>(() => undefined);

test('a feed that is silent for two minutes has failed, and is asked again at the next look', async () => {
  const clock = new ManualClock();
  let asked = 0;
  const updater: Updater = {
    newest: () => {
      asked++;
      return never;
    },
    fetch: () => never,
    hindrance: () => Promise.resolve(undefined),
    install: () => undefined,
  };
  const updates = new Updates({
    releases: { publicKey: '', open: () => Promise.resolve(updater) },
    isOn: () => true,
    clock,
    log: NO_LOG,
    onChange: () => undefined,
  });
  const looked = updates.look();
  await settled();
  expect(updates.view().state).toBe('looking');
  await clock.advance(120_000);
  await looked;
  expect(updates.view().state).toBe('failed');
  void updates.look();
  await settled();
  expect(asked).toBe(2);
});
