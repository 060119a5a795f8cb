// The page of the first run: finds Ollama or says how to get it, proposes a default model, shows the lines to paste.
// It ends once an Ollama answers and has a model for the default, or when the user puts it off.
import type { JSX } from 'preact';
import type { View } from '../../backend/contract/window/desktop.ts';
import { pieces, t } from '../../words/texts.ts';
import { useCalls, useReportedAction } from '../parts/use-calls.ts';
import { Addresses } from '../parts/copy.tsx';
import { defaultChoices, proposal, unfitWords, type Proposal } from '../parts/default-model.ts';
import { OllamaStep } from './first-run-ollama.tsx';
import type { Live } from '../../backend/contract/views/app-state.ts';
import { NotRunning } from '../parts/not-running.tsx';
import { Mark, Step } from '../parts/parts.tsx';
import { PullRows } from '../parts/pull-rows.tsx';
import { bytes } from '../parts/words.ts';

export function FirstRun({ view }: { readonly view: View }): JSX.Element {
  const { gateway, live, settings } = view;
  const up = live?.health.upstream.state === 'up';
  const chosen = live !== null && up ? proposal(live) : undefined;
  return (
    <>
      <header class="head">
        <div class="status">
          <Mark name={up ? 'idle' : 'cold'} />
          <h1 class="status-line">{t('first_run.title')}</h1>
          <p class="status-sub">
            <span>{t('first_run.what')}</span>
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
            <ModelStep live={live} chosen={chosen} locked={settings.locked['ollama.model']} />
            <Step n={3} title={t('first_run.point')}>
              <p class="quiet">{t('first_run.paste')}</p>
              <Addresses addresses={gateway.addresses} />
            </Step>
          </ol>
        )}
      </main>
      <Finish view={view} chosen={chosen} />
    </>
  );
}

interface ModelStepProps {
  readonly live: Live;
  readonly chosen: Proposal | undefined;
  readonly locked: string | undefined;
}

function ModelStep({ live, chosen, locked }: ModelStepProps): JSX.Element {
  const { call } = useCalls();
  const { run } = useReportedAction();
  const wanted = live.health.upstream.model;
  const up = live.health.upstream.state === 'up';
  const unknown = up && live.health.upstream.models_unknown === true;
  const choices = up ? defaultChoices(live) : [];
  const unfit = up ? live.models.filter((model) => !choices.includes(model)) : [];
  return (
    <Step n={2} done={chosen?.why === ''} title={t('first_run.choose')}>
      <p class="quiet">
        {locked === undefined
          ? t('first_run.for_apps', { why: chosen?.why ?? '' })
          : pieces<string | JSX.Element>(
              up && chosen?.why !== '' ? 'first_run.locked_missing' : 'first_run.locked_model',
              { model: wanted, variable: <code>{locked}</code> },
            )}
      </p>
      {unknown && <p class="quiet">{t('first_run.unknown_models')}</p>}
      {up && !unknown && chosen === undefined && (
        <>
          <p class="quiet">{t(live.models.length === 0 ? 'first_run.no_models' : 'first_run.none_chats')}</p>
          {live.pulls.length === 0 ? <Download /> : <PullRows pulls={live.pulls} />}
        </>
      )}
      {choices.length > 0 && locked === undefined && (
        <div class="choices" role="radiogroup" aria-label={t('first_run.default_model')}>
          {choices.map(({ name, size, loaded }) => (
            <label class="choice" key={name}>
              <input
                class="radio"
                type="radio"
                name="model"
                checked={name === chosen?.name}
                onChange={() => run(() => call('set_setting', { path: 'ollama.model', value: name }))}
              />
              <span class="name">{name}</span>
              <span class="meta">{loaded ? t('first_run.loaded_now', { size: bytes(size) }) : bytes(size)}</span>
            </label>
          ))}
        </div>
      )}
      {unfit.length > 0 && locked === undefined && (
        <p class="quiet">
          {t('first_run.unfit', { models: unfit.map((model) => `${model.name} (${unfitWords(model)})`).join(', ') })}
        </p>
      )}
    </Step>
  );
}

/** Small enough for most machines, and answers well. */
const FIRST_MODEL = 'llama3.2:3b';

function Download(): JSX.Element {
  const { call } = useCalls();
  const { run, busy } = useReportedAction();
  return (
    <p class="btns">
      <button
        class="btn primary"
        type="button"
        // What takes its place has the focus: to pause, not to cancel.
        data-act="turn"
        aria-disabled={busy}
        onClick={() => run(() => call('pull_model', { model: FIRST_MODEL }))}
      >
        {t('first_run.download', { model: FIRST_MODEL })}
      </button>
    </p>
  );
}

interface FinishProps {
  readonly view: View;
  readonly chosen: Proposal | undefined;
}

function Finish({ view, chosen }: FinishProps): JSX.Element {
  const { call } = useCalls();
  const { run, busy } = useReportedAction();
  const startAtLogin = view.settings.values['app.start_at_login'] === true;
  const locked = view.settings.locked['ollama.model'] !== undefined;
  // A model that the environment names is there or not; no other can be put in its place.
  const ready = chosen !== undefined && (chosen.why === '' || !locked);
  const finish = (): void =>
    run(async () => {
      if (chosen !== undefined && chosen.why !== '') {
        await call('set_setting', { path: 'ollama.model', value: chosen.name });
      }
      await call('finish_first_run', {});
    });
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
        <span>{t('first_run.start_at_login')}</span>
      </label>
      <p class="btns">
        {!ready && (
          <button class="btn plain" type="button" onClick={() => run(() => call('finish_first_run', {}))}>
            {t('first_run.later')}
          </button>
        )}
        <button
          class={ready ? 'btn primary' : 'btn'}
          type="button"
          aria-disabled={!ready || busy}
          aria-describedby={ready ? undefined : 'waits-for'}
          onClick={() => ready && finish()}
        >
          {t('first_run.done')}
        </button>
      </p>
      {!ready && (
        <p class="quiet waits" id="waits-for">
          {waitsFor(view)}
        </p>
      )}
    </footer>
  );
}

/** What Done waits for. */
function waitsFor({ gateway, live }: View): string {
  if (gateway.state !== 'running' || live === null) return t('first_run.waits_gateway');
  return t(live.health.upstream.state === 'up' ? 'first_run.waits_model' : 'first_run.waits_ollama');
}
