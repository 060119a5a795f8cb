// What the window's header and the tray say when Ollama is not there: what is so, and a next step that can help.
import { describe, expect, test } from 'vitest';
import { headerOf } from '../../../../renderer/parts/status.ts';
import { trayModel } from '../../../../main/tray/tray-model.ts';
import { quiet, view } from '../../../support/page/views.ts';
import type { LiveChange } from '../../../support/live-view.ts';

const NOW = Date.now();

function said(upstream: NonNullable<LiveChange['upstream']>, program: 'installed' | 'missing' | 'starting') {
  const live = quiet({
    models: [],
    status: 'unhealthy',
    upstream: { state: 'down', reachable: false, model_available: false, model_loaded: false, ...upstream },
  });
  const whole = view({ app: { ollama_program: program }, live });
  const { line, more, button } = headerOf(whole, NOW);
  const tray = trayModel({
    ...whole,
    live,
    places: 100,
    stuckAfterS: 180,
    now: NOW,
    model: 'm',
    notices: [],
    keys: '',
    ageStep: 1000,
    startAtLogin: { on: false, locked: false },
  });
  return { line, more, button: button?.label, tray: tray.menu[0] };
}

describe('without Ollama', () => {
  test('an installed one is offered to be started, a missing one to be got', () => {
    expect(said({}, 'installed')).toMatchObject({ line: 'Ollama is not running', button: 'Start Ollama' });
    expect(said({}, 'missing')).toMatchObject({ line: 'Ollama is not running', button: 'Get Ollama' });
  });

  test('nothing is started or got where something else has its address', () => {
    for (const program of ['installed', 'missing'] as const) {
      expect(said({ foreign: true }, program)).toMatchObject({
        line: 'No Ollama at 127.0.0.1:11434',
        button: 'Change…',
        tray: { type: 'label', label: 'No Ollama at its address' },
      });
    }
  });

  test.each([
    ['upstream_unauthorized', 'Ollama wants a key'],
    ['upstream_forbidden', 'Ollama refuses Hearth'],
    ['upstream_untrusted', 'Certificate not trusted'],
  ] as const)('%s: what is in the way is said, and nothing is started or got', (code, line) => {
    for (const program of ['installed', 'missing'] as const) {
      expect(said({ foreign: true, code }, program)).toMatchObject({
        line,
        more: 'At 127.0.0.1:11434',
        button: 'Change…',
        tray: { type: 'label', label: line },
      });
    }
  });

  test('a wrong address on this machine is named, and no program is said to be missing', () => {
    const url = 'http://127.0.0.1:9';
    expect(said({ url }, 'missing')).toMatchObject({ line: 'Nothing answers at 127.0.0.1:9', button: 'Change…' });
    expect(said({ url }, 'installed')).toMatchObject({
      more: 'Nothing answers at 127.0.0.1:9',
      button: 'Start Ollama',
    });
    expect(said({ url: 'http://localhost:11434' }, 'missing')).toMatchObject({ button: 'Get Ollama' });
  });

  test('another machine’s is not started here', () => {
    expect(said({ url: 'http://192.168.1.20:11434' }, 'installed')).toMatchObject({
      line: 'Nothing answers at 192.168.1.20:11434',
      button: 'Change…',
    });
  });
});

test('more loaded models do not lengthen the header’s second line', () => {
  const one = headerOf(view({ live: quiet({ models: quiet().models.slice(0, 1) }) }), NOW);
  expect(headerOf(view({ live: quiet() }), NOW).more).toBe(one.more);
});
