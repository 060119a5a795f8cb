// The page of the first run: finds Ollama or says how to get it, offers a default model, shows the lines to paste.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { View } from '../backend/contract/desktop.ts';
import { useCalls, useReportedAction } from './actions.ts';
import { Addresses, CommandLine } from './copy.tsx';
import type { Live } from './line.ts';
import { NotRunning } from './not-running.tsx';
import { Icon, Mark, Problem } from './parts.tsx';
import { sameModel } from './same-model.ts';
import { useAction } from './actions.ts';
import { isHere } from './status.ts';
import { bytes, plural } from './words.ts';

export function FirstRun({ view }: { readonly view: View }): JSX.Element {
  const { gateway, live, settings } = view;
  const up = live?.health.upstream.state === 'up';
  return (
    <>
      <header class="head">
        <div class="status">
          <Mark name={up ? 'idle' : 'cold'} />
          <h1 class="status-line">Set up Hearth</h1>
          <p class="status-sub">
            <span>Between your apps and Ollama, on this machine only</span>
          </p>
        </div>
        <hr class="fire" />
      </header>
      <main class="scroll">
        {gateway.state !== 'running' || live === null ? (
          <NotRunning gateway={gateway} />
        ) : (
          <ol class="steps">
            <OllamaStep view={view} live={live} />
            <ModelStep live={live} locked={settings.locked['ollama.model']} />
            <li>
              <Number n={3} />
              <div>
                <h2>Point your apps at Hearth</h2>
                <p class="quiet">
                  Paste the line your app understands. They are in Overview and in the tray menu, too.
                </p>
                <Addresses addresses={gateway.addresses} />
              </div>
            </li>
          </ol>
        )}
      </main>
      <Finish startAtLogin={settings.values['app.start_at_login'] === true} />
    </>
  );
}

function Number({ n, done = false }: { readonly n: number; readonly done?: boolean }): JSX.Element {
  if (!done) {
    return (
      <span class="num" aria-hidden="true">
        {n}
      </span>
    );
  }
  return (
    <span class="num">
      <Icon name="check" />
      <span class="sr">Done</span>
    </span>
  );
}

function OllamaStep({ view, live }: { readonly view: View; readonly live: Live }): JSX.Element {
  const { call } = useCalls();
  const { run, busy } = useReportedAction();
  const [editing, setEditing] = useState(false);
  const { url, state, version, foreign, reason } = live.health.upstream;
  const where = URL.canParse(url) ? new URL(url).host : url;
  const locked = view.settings.locked['ollama.api_url'] !== undefined;
  const other = locked ? null : (
    <button class={state === 'up' ? 'link' : 'btn'} type="button" onClick={() => setEditing(true)}>
      {state === 'up' ? 'Use another…' : 'Use another address…'}
    </button>
  );
  const edit = editing && <AddressForm url={url} close={() => setEditing(false)} />;
  if (state === 'up') {
    return (
      <li>
        <Number n={1} done />
        <div>
          <h2>Ollama is running</h2>
          <p class="quiet">
            {version === null ? 'It answers' : `Version ${version}`} at <code>{where}</code>,{' '}
            {live.models.length === 0 ? 'no model installed' : `${plural(live.models.length, 'model')} installed`}.{' '}
            {!editing && other}
          </p>
          {edit}
        </div>
      </li>
    );
  }
  if (state === 'unknown') {
    return (
      <li>
        <Number n={1} />
        <div>
          <h2>Looking for Ollama</h2>
          <p class="quiet">
            At <code>{where}</code>.
          </p>
        </div>
      </li>
    );
  }
  if (foreign === true || !isHere(where)) {
    return (
      <li>
        <Number n={1} />
        <div>
          <h2>No Ollama answers</h2>
          <p class="quiet">{reason}</p>
          <p class="btns">{!editing && other}</p>
          {edit}
        </div>
      </li>
    );
  }
  const program = view.app.ollama_program;
  if (program === 'missing') {
    return (
      <li>
        <Number n={1} />
        <div>
          <h2>Install Ollama</h2>
          <p class="quiet">Hearth uses it to run models. This page goes on by itself once it answers.</p>
          <p class="btns">
            <button class="btn primary" type="button" onClick={() => run(() => call('open', { what: 'get_ollama' }))}>
              Get Ollama
              <Icon name="out" />
            </button>
            {!editing && other}
          </p>
          {edit}
        </div>
      </li>
    );
  }
  const starting = program === 'starting' || busy;
  return (
    <li>
      <Number n={1} />
      <div>
        <h2>Start Ollama</h2>
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
          {!editing && other}
        </p>
        {edit}
      </div>
    </li>
  );
}

/** Another address: tried first, kept when an Ollama answers there. */
function AddressForm({ url, close }: { readonly url: string; readonly close: () => void }): JSX.Element {
  const { call } = useCalls();
  const { run, busy, problem } = useAction();
  const [text, setText] = useState(url);
  const use = (): void =>
    run(async () => {
      const found = await call('test_connection', { url: text });
      await call('set_setting', { path: 'ollama.api_url', value: found.url });
      close();
    });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        use();
      }}
    >
      <div class="field wide">
        <label for="address">Address of Ollama</label>
        <div class="ctl">
          <input
            id="address"
            type="text"
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
        <Problem text={problem} />
      </div>
    </form>
  );
}

function ModelStep({ live, locked }: { readonly live: Live; readonly locked: string | undefined }): JSX.Element {
  const { call } = useCalls();
  const { run } = useReportedAction();
  const { models } = live;
  const wanted = live.health.upstream.model;
  const chosen = models.some(({ name }) => sameModel(name, wanted));
  return (
    <li>
      <Number n={2} done={chosen && locked !== undefined} />
      <div>
        <h2 id="s2">Choose a default model</h2>
        <p class="quiet">
          {locked === undefined
            ? 'For apps that do not name one.'
            : `${wanted} is set by ${locked} in the environment.`}
        </p>
        {models.length === 0 && live.health.upstream.state === 'up' && (
          <>
            <p class="quiet">Ollama has no models yet. Pull one, and it appears here.</p>
            <CommandLine text="ollama pull llama3.2:3b" />
          </>
        )}
        {models.length > 0 && locked === undefined && (
          <div class="choices" role="radiogroup" aria-labelledby="s2">
            {models.map(({ name, size, loaded }) => (
              <label class="choice" key={name}>
                <input
                  class="radio"
                  type="radio"
                  name="model"
                  checked={sameModel(name, wanted)}
                  onChange={() => run(() => call('set_setting', { path: 'ollama.model', value: name }))}
                />
                <span class="name">{name}</span>
                <span class="meta">
                  {bytes(size)}
                  {loaded && ', loaded now'}
                </span>
              </label>
            ))}
          </div>
        )}
      </div>
    </li>
  );
}

function Finish({ startAtLogin }: { readonly startAtLogin: boolean }): JSX.Element {
  const { call } = useCalls();
  const { run } = useReportedAction();
  return (
    <footer class="dock finish">
      <label class="check">
        <input
          class="switch"
          type="checkbox"
          role="switch"
          checked={startAtLogin}
          onChange={() => run(() => call('set_setting', { path: 'app.start_at_login', value: !startAtLogin }))}
        />
        <span>Start at login</span>
      </label>
      <button class="btn primary" type="button" onClick={() => run(() => call('finish_first_run', {}))}>
        Done
      </button>
    </footer>
  );
}
