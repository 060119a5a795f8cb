// One model: what it is and how it does; its details, opened by its text; what can be done with it; and the question before it is
// deleted, which takes the place of the row.
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { runningRows, staleness, type Live } from '../../backend/contract/views/app-state.ts';
import type { ModelView } from '../../backend/contract/views/control.ts';
import type { View } from '../../backend/contract/window/desktop.ts';
import type { ModelDetails } from '../../backend/contract/window/model-commands.ts';
import { listed } from '../../words/figures.ts';
import { t } from '../../words/texts.ts';
import { unfitWords } from '../parts/default-model.ts';
import { Burn, Problem } from '../parts/parts.tsx';
import { sameModel } from '../parts/same-model.ts';
import { useAction, useCalls, useReportedAction } from '../parts/use-calls.ts';
import { bytes, count, NOTHING, roughly } from '../parts/words.ts';
import { profilesIn } from './profile-form.ts';
import { abilities, expiryOf, installedFacts, isAnswering, loadedFacts, paceWords } from './model-words.ts';

export interface RowProps {
  readonly model: ModelView;
  readonly live: Live;
  readonly now: number;
  readonly settings: View['settings'];
  /** Its details are open. */
  readonly open: boolean;
  readonly onOpen: (open: boolean) => void;
}

export function ModelRow(props: RowProps): JSX.Element {
  const { model, live, now, settings, open, onOpen } = props;
  const [asks, setAsks] = useState(false);
  const { name, loaded } = model;
  if (asks) {
    const close = (): void => setAsks(false);
    // What is gone has no details.
    return (
      <DeleteAsk
        model={model}
        live={live}
        settings={settings}
        onClose={close}
        onGone={() => (close(), onOpen(false))}
      />
    );
  }
  const isLoading = !loaded && isBeingLoaded(model, live);
  const isDefault = sameModel(live.health.upstream.model, name);
  const expiry = expiryOf(model, live, settings, now);
  const turn = (event: Event): void => {
    event.preventDefault();
    onOpen(!open);
  };
  return (
    <li class="m-row" data-row={name}>
      <details class="m-open" open={open}>
        <summary onClick={turn}>
          <span class="name">{name}</span> {isDefault && <span class="tag">{t('models.default')}</span>}
          <span class="meta">{loaded ? loadedFacts(model) : installedFacts(model)}</span>
          <span class="meta">{isLoading ? loadingWords(model, live, now) : expiry.words}</span>
        </summary>
        {open && <Details {...props} isDefault={isDefault} onDelete={() => setAsks(true)} />}
      </details>
      <div class="btns">
        <MemoryButton model={model} isLoading={isLoading} />
      </div>
      {isLoading && <Burn kind="burn" left={undefined} label={t('models.loading_model', { model: name })} />}
      {loaded && <Burn kind="burn" left={expiry.left} label={expiry.label} />}
    </li>
  );
}

function MemoryButton({ model, isLoading }: { readonly model: ModelView; readonly isLoading: boolean }): JSX.Element {
  const { call } = useCalls();
  const { run, busy } = useReportedAction();
  const { name, loaded } = model;
  if (isLoading) {
    const label = t('models.loading_model', { model: name });
    return (
      <button class="btn" type="button" data-act="memory" aria-disabled="true" aria-label={label}>
        {t('models.loading')}
      </button>
    );
  }
  const action = loaded ? 'unload_model' : 'warm_model';
  return (
    <button
      class="btn"
      type="button"
      data-act="memory"
      aria-disabled={busy}
      aria-label={t(loaded ? 'models.unload_model' : 'models.warm_model', { model: name })}
      onClick={() => run(() => call('act', { action, data: { model: name } }))}
    >
      {t(loaded ? 'models.unload' : 'models.warm')}
    </button>
  );
}

interface DetailsProps extends RowProps {
  readonly isDefault: boolean;
  readonly onDelete: () => void;
}

function Details({ model, settings, isDefault, onDelete }: DetailsProps): JSX.Element {
  const { call } = useCalls();
  const { run, busy } = useReportedAction();
  const [told, setTold] = useState<ModelDetails>();
  const { name, digest } = model;
  useEffect(() => {
    let isHere = true;
    // What cannot be had is not known.
    call('model_details', { model: name }).then(
      (details) => isHere && setTold(details),
      () => undefined,
    );
    return () => {
      isHere = false;
    };
  }, [call, name, digest]);
  const makeDefault = (): void => run(() => call('set_setting', { path: 'ollama.model', value: name }));
  const mayBeDefault = !isDefault && settings.locked['ollama.model'] === undefined && unfitWords(model) === undefined;
  return (
    <>
      <dl class="facts">
        {factsOf(model, told).map(([what, value]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p class="btns">
        {mayBeDefault && (
          <button
            class="btn"
            type="button"
            aria-disabled={busy}
            aria-label={t('models.make_default_model', { model: name })}
            onClick={makeDefault}
          >
            {t('models.make_default')}
          </button>
        )}
        <button
          class="btn danger"
          type="button"
          data-act="delete"
          aria-label={t('models.delete_model_ask', { model: name })}
          onClick={onDelete}
        >
          {t('models.delete_ask')}
        </button>
      </p>
    </>
  );
}

/** Each has its place from the beginning, so that nothing moves when the rest is told. */
function factsOf(model: ModelView, told: ModelDetails | undefined): readonly (readonly [string, string])[] {
  const can = abilities(model.capabilities);
  if (told !== undefined && told.vector_length !== null) {
    can.push(t('models.vectors', { n: count(told.vector_length) }));
  }
  const { quantization, parameter_size, size, remote } = model;
  const weights = [quantization, parameter_size, remote ? null : t('models.on_disk', { size: bytes(size) })].filter(
    (fact) => fact !== null,
  );
  return [
    [t('models.fact_can'), can.join(', ') || NOTHING],
    [t('models.fact_context'), contextWords(model, told)],
    [t('models.fact_weights'), weights.join(', ') || NOTHING],
    [t('models.fact_speed'), paceWords(model, told?.reads_tokens_per_s ?? null)],
    [t('models.fact_used_by'), told === undefined ? NOTHING : usedBy(told.used_by)],
    [t('models.fact_license'), told?.license ?? NOTHING],
  ];
}

function contextWords({ context_length: now }: ModelView, told: ModelDetails | undefined): string {
  const most = told?.most_context ?? null;
  if (most === null) return now === null ? NOTHING : t('models.tokens', { n: count(now) });
  if (now === null) return t('models.tokens', { n: count(most) });
  return t('models.tokens_of', { n: count(now), all: count(most) });
}

/** Apps that are named at most. */
const NAMED = 5;

function usedBy(apps: readonly string[]): string {
  if (apps.length === 0) return t('models.used_by_none');
  const more = apps.length - NAMED;
  return more <= 0 ? listed(apps) : t('models.and_more', { apps: apps.slice(0, NAMED).join(', '), n: more });
}

function isBeingLoaded(model: ModelView, live: Live): boolean {
  const asked = runningRows(live).some((entry) => entry.phase === 'loading' && sameModel(entry.model, model.name));
  return asked || model.loading_ms !== null;
}

/** "Loading, about 3 s left", once a load of this model has been measured. */
function loadingWords({ load_ms, loading_ms }: ModelView, live: Live, now: number): string {
  if (load_ms === null || loading_ms === null) return t('models.loading');
  const left = load_ms - loading_ms - staleness(live, now);
  return left > 500 ? t('models.loading_left', { time: roughly(left) }) : t('models.loading_nearly');
}

// ---- the question before it is deleted

interface AskProps extends Pick<RowProps, 'model' | 'live' | 'settings'> {
  readonly onClose: () => void;
  readonly onGone: () => void;
}

function DeleteAsk({ model, live, settings, onClose, onGone }: AskProps): JSX.Element {
  const { call } = useCalls();
  const { run, busy, problem } = useAction();
  const keep = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => keep.current?.focus(), []);
  const { name, size } = model;
  const question = t('models.delete_question', { model: name });
  const remove = (): void => run(async () => call('delete_model', { model: name }).then(onGone));
  return (
    <li class="m-row" data-row={name}>
      <div
        class="ask"
        role="group"
        aria-label={question}
        onKeyDown={({ key }) => {
          if (key === 'Escape') onClose();
        }}
      >
        <p>
          <span class="name">{question}</span>{' '}
          <span class="quiet">
            {t('models.delete_frees', { size: bytes(size) })} {lossesOf(model, live, settings).join(' ')}
          </span>
        </p>
        <span class="btns">
          <button
            class="btn danger"
            type="button"
            aria-disabled={busy}
            aria-label={t('models.delete_model', { model: name })}
            onClick={remove}
          >
            {t('models.delete')}
          </button>
          <button
            class="btn"
            type="button"
            ref={keep}
            aria-label={t('models.keep_model', { model: name })}
            onClick={onClose}
          >
            {t('models.keep')}
          </button>
        </span>
        <Problem text={problem} />
      </div>
    </li>
  );
}

/** What else is lost with it: what it is used for just now. */
function lossesOf({ name, loaded }: ModelView, live: Live, settings: View['settings']): string[] {
  const waiting = live.queue.waiting.filter((entry) => sameModel(entry.model, name)).length;
  const profiles = Object.entries(profilesIn(settings)).flatMap(([own, { model }]) =>
    sameModel(model, name) ? [own] : [],
  );
  return [
    ...(sameModel(live.health.upstream.model, name) ? [t('models.delete_default')] : []),
    ...(profiles.length > 0 ? [t('models.delete_profiles', { names: listed(profiles), n: profiles.length })] : []),
    ...(isAnswering(live, name) ? [t('models.delete_answering')] : loaded ? [t('models.delete_loaded')] : []),
    ...(waiting > 0 ? [t('models.delete_waited', { n: waiting })] : []),
  ];
}
