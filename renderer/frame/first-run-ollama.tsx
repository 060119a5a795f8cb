// The first step of the first run: Ollama, as it was found, and the way to it where it was not.
import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { View } from '../../backend/contract/desktop.ts';
import { isMasked } from '../../backend/contract/secret.ts';
import { shutOut } from '../../words/ollama-words.ts';
import { useAction, useCalls, useReportedAction } from '../parts/use-calls.ts';
import { useOpener } from '../parts/focus.ts';
import type { Live } from '../../backend/contract/app-state.ts';
import { Icon, Problem, Step } from '../parts/parts.tsx';
import { hostOf, isHere, isUsual } from '../parts/host.ts';
import { DOTS, plural } from '../parts/words.ts';

const ADDRESS = 'ollama.api_url';
const KEY = 'ollama.api_key';

export function OllamaStep({ view, live }: { readonly view: View; readonly live: Live }): JSX.Element {
  const { call } = useCalls();
  const { run, busy } = useReportedAction();
  const [editing, setEditing] = useState(false);
  const opener = useOpener(editing);
  const { url, state, version, foreign, code, reason, models_unknown: unknown } = live.health.upstream;
  const where = hostOf(url);
  const locked = view.settings.locked[ADDRESS];
  const other =
    locked !== undefined || editing ? null : (
      <button class={state === 'up' ? 'link' : 'btn'} type="button" ref={opener} onClick={() => setEditing(true)}>
        {state === 'up'
          ? 'Use another…'
          : shutOut(code) === undefined
            ? 'Use another address…'
            : 'Change address or key…'}
      </button>
    );
  const edit = editing && <AddressForm view={view} close={() => setEditing(false)} />;
  if (state === 'up') {
    return (
      <Step n={1} done title="Ollama is running">
        <p class="quiet">
          {version === null ? 'It answers' : `Version ${version}`} at <code>{where}</code>,{' '}
          {unknown === true ? 'its models are not known' : installedWords(live.models.length)}. {other}
        </p>
        {edit}
      </Step>
    );
  }
  if (state === 'unknown') {
    return (
      <Step n={1} title="Looking for Ollama">
        <p class="quiet">
          At <code>{where}</code>.
        </p>
      </Step>
    );
  }
  const out = shutOut(code);
  if (out !== undefined) {
    return (
      <Step n={1} title={out}>
        <p class="quiet">{reason}</p>
        {other !== null && <p class="btns">{other}</p>}
        {edit}
      </Step>
    );
  }
  const program = view.app.ollama_program;
  // At an address of the user's own, either Ollama is not there or the address is wrong.
  if (foreign === true || !isHere(where) || (program === 'missing' && !isUsual(where))) {
    return (
      <Step n={1} title={`No Ollama at ${where}`}>
        <p class="quiet">
          {foreign === true ? 'Something else answers there.' : 'Nothing answers there.'}{' '}
          {locked === undefined ? (
            foreign === true ? (
              'Say where Ollama is.'
            ) : (
              'Start it there, or say where it is.'
            )
          ) : (
            <>
              The address is set by <code>{locked}</code> in the environment.
            </>
          )}
        </p>
        {other !== null && <p class="btns">{other}</p>}
        {edit}
      </Step>
    );
  }
  if (program === 'missing') {
    return (
      <Step n={1} title="Install Ollama">
        <p class="quiet">
          Hearth uses it to run models. Nothing answers at <code>{where}</code>. This page goes on by itself once it
          does.
        </p>
        <p class="btns">
          <button class="btn primary" type="button" onClick={() => run(() => call('open', { what: 'get_ollama' }))}>
            Get Ollama
            <Icon name="out" />
          </button>
          {other}
        </p>
        {edit}
      </Step>
    );
  }
  const starting = program === 'starting' || busy;
  return (
    <Step n={1} title="Start Ollama">
      <p class="quiet">
        It is installed, but nothing answers at <code>{where}</code>.
      </p>
      <p class="btns">
        <button
          class="btn primary"
          type="button"
          aria-disabled={starting}
          onClick={() => starting || run(() => call('start_ollama', {}))}
        >
          {starting ? 'Starting' : 'Start Ollama'}
        </button>
        {other}
      </p>
      {edit}
    </Step>
  );
}

function installedWords(models: number): string {
  return models === 0 ? 'no model installed' : `${plural(models, 'model')} installed`;
}

/** Another address: tried first, kept when an Ollama answers there. */
function AddressForm({ view, close }: { readonly view: View; readonly close: () => void }): JSX.Element {
  const { call } = useCalls();
  const { run, busy, problem } = useAction();
  const { values, locked } = view.settings;
  const [text, setText] = useState(String(values[ADDRESS]));
  const [key, setKey] = useState('');
  const keyIsFree = locked[KEY] === undefined;
  const input = useRef<HTMLInputElement>(null);
  // The button that had the focus is gone; what it shows is what can be typed over.
  useLayoutEffect(() => input.current?.select(), []);
  const use = (): void =>
    run(async () => {
      const wish = key === '' ? {} : { api_key: key };
      await call('test_connection', { url: text, ...wish });
      if (key !== '') await call('set_setting', { path: KEY, value: key });
      await call('set_setting', { path: ADDRESS, value: text });
      close();
    });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        use();
      }}
      onKeyDown={({ key }) => key === 'Escape' && close()}
    >
      <div class="field wide">
        <label for="address">Address of Ollama</label>
        <div class="ctl">
          <input
            id="address"
            ref={input}
            type="text"
            spellcheck={false}
            autocomplete="off"
            inputMode="url"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
            aria-invalid={problem !== undefined}
          />
          <button class="btn" type="submit" aria-disabled={busy}>
            Use it
          </button>
          <button class="btn plain" type="button" onClick={close}>
            Cancel
          </button>
        </div>
        {keyIsFree && (
          <>
            <label for="key">Key, if it wants one</label>
            <div class="ctl">
              <input
                id="key"
                type="password"
                placeholder={isMasked(values[KEY]) ? DOTS : 'None'}
                autocomplete="off"
                value={key}
                onInput={(event) => setKey(event.currentTarget.value)}
              />
            </div>
          </>
        )}
        <Problem text={problem} />
      </div>
    </form>
  );
}
