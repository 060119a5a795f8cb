// The first step of the first run: Ollama, as it was found, and the way to it where it was not.
import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { View } from '../../backend/contract/window/desktop.ts';
import { isMasked } from '../../backend/contract/secret.ts';
import { shutOut } from '../../words/ollama-words.ts';
import { pieces, t } from '../../words/texts.ts';
import { useAction, useCalls, useReportedAction } from '../parts/use-calls.ts';
import { useOpener } from '../parts/focus.ts';
import type { Live } from '../../backend/contract/views/app-state.ts';
import { Icon, Problem, Step } from '../parts/parts.tsx';
import { hostOf, isHere, isUsual } from '../parts/host.ts';
import { DOTS } from '../parts/words.ts';

const ADDRESS = 'ollama.api_url';
const KEY = 'ollama.api_key';

/** What may stand in a sentence. */
type Value = string | JSX.Element;

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
          ? t('first_run.another')
          : t(shutOut(code) === undefined ? 'first_run.another_address' : 'first_run.change_address')}
      </button>
    );
  const edit = editing && <AddressForm view={view} close={() => setEditing(false)} />;
  if (state === 'up') {
    return (
      <Step n={1} done title={t('first_run.running')}>
        <p class="quiet">
          {pieces<Value>(version === null ? 'first_run.answers_at' : 'first_run.version_at', {
            version: version ?? '',
            where: <code>{where}</code>,
            models:
              unknown === true ? t('first_run.models_not_known') : t('first_run.installed', { n: live.models.length }),
          })}{' '}
          {other}
        </p>
        {edit}
      </Step>
    );
  }
  if (state === 'unknown') {
    return (
      <Step n={1} title={t('first_run.looking')}>
        <p class="quiet">{pieces<Value>('first_run.at', { where: <code>{where}</code> })}</p>
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
      <Step n={1} title={t('first_run.none_at', { where })}>
        <p class="quiet">
          {t(foreign === true ? 'first_run.foreign' : 'first_run.nobody')}{' '}
          {locked !== undefined
            ? pieces<Value>('first_run.locked_address', { variable: <code>{locked}</code> })
            : t(foreign === true ? 'first_run.say_where' : 'first_run.start_there')}
        </p>
        {other !== null && <p class="btns">{other}</p>}
        {edit}
      </Step>
    );
  }
  if (program === 'missing') {
    return (
      <Step n={1} title={t('first_run.install')}>
        <p class="quiet">{pieces<Value>('first_run.install_why', { where: <code>{where}</code> })}</p>
        <p class="btns">
          <button class="btn primary" type="button" onClick={() => run(() => call('open', { what: 'get_ollama' }))}>
            {t('first_run.get')}
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
    <Step n={1} title={t('first_run.start')}>
      <p class="quiet">{pieces<Value>('first_run.start_why', { where: <code>{where}</code> })}</p>
      <p class="btns">
        <button
          class="btn primary"
          type="button"
          aria-disabled={starting}
          onClick={() => starting || run(() => call('start_ollama', {}))}
        >
          {t(starting ? 'first_run.starting' : 'first_run.start')}
        </button>
        {other}
      </p>
      {edit}
    </Step>
  );
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
        <label for="address">{t('first_run.address')}</label>
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
            {t('first_run.use')}
          </button>
          <button class="btn plain" type="button" onClick={close}>
            {t('first_run.cancel')}
          </button>
        </div>
        {keyIsFree && (
          <>
            <label for="key">{t('first_run.key')}</label>
            <div class="ctl">
              <input
                id="key"
                type="password"
                placeholder={isMasked(values[KEY]) ? DOTS : t('first_run.no_key')}
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
