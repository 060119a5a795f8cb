// What the running gateway says, as notices of the window: each once, and each with its own way out.
import { expect, test } from 'vitest';
import type { Control } from '../../../../backend/host-control.ts';
import { effectiveBind } from '../../../../backend/http/door/bind.ts';
import { gatewayNotice, tellOfGateway } from '../../../../main/notices/settings-notices.ts';
import { config } from '../../../support/builders.ts';

const lan = config({ server: { lan: true } });
const REFUSED = effectiveBind(lan).refusedBecause ?? '';
const MISFIT = 'a and b do not fit into memory together.';

const running = (...said: string[]): Pick<Control, 'live'> => ({
  live: () => ({ health: { notices: said } }) as unknown as ReturnType<Control['live']>,
});

test('only the notice about where it listens offers a key', () => {
  const add = (): void => undefined;
  const control = running(REFUSED, MISFIT) as Control;
  expect(gatewayNotice({ control, startedWith: lan }, add)).toMatchObject({
    text: REFUSED,
    buttons: [{ id: 'key' }, {}],
  });
  expect(gatewayNotice({ control: running(MISFIT) as Control, startedWith: config() }, add)).toBeUndefined();
});

test('what else it says is told when it is new, and not again after it was dismissed', () => {
  const told: (string | undefined)[] = [];
  const supervisor = { control: running(REFUSED) as Control, startedWith: lan };
  const look = tellOfGateway(supervisor, { warn: (_id, text) => told.push(text) });
  look();
  expect(told).toEqual([]);
  supervisor.control = running(REFUSED, MISFIT) as Control;
  look();
  look();
  expect(told).toEqual([MISFIT]);
  supervisor.control = running(REFUSED) as Control;
  look();
  expect(told).toEqual([MISFIT, undefined]);
});
