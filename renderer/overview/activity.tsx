// The three lines at the top of Overview: the model, what runs, what waits. They are always there, so that nothing
// below them moves.
import { shownCaller } from '../../backend/contract/apps.ts';
import type { JSX } from 'preact';
import type { ModelView } from '../../backend/contract/views/control.ts';
import { pieces, t } from '../../words/texts.ts';
import { useCalls, useReportedAction } from '../parts/use-calls.ts';
import { runningRows, type Live } from '../../backend/contract/views/app-state.ts';
import { waitingRows, waitLeft, whenWords } from '../parts/run-rows.ts';
import { Caller, Section } from '../parts/parts.tsx';
import { mainModel } from '../parts/main-model.ts';
import { bytes, count, roughly, THIN } from '../parts/words.ts';

export function Now({ live, now }: { readonly live: Live; readonly now: number }): JSX.Element {
  return (
    <Section title={t('overview.now')} hidden>
      <dl class="now">
        <Model live={live} />
        <Running live={live} />
        <Waiting live={live} now={now} />
      </dl>
    </Section>
  );
}

function Model({ live }: { readonly live: Live }): JSX.Element {
  const { call, go } = useCalls();
  const { run, busy } = useReportedAction();
  const model = mainModel(live);
  const up = live.health.upstream.state === 'up';
  const others = live.models.filter(({ loaded, name }) => loaded && name !== model?.name).length;
  const does = (model?.loading_ms ?? null) !== null ? 'loading' : model?.loaded === true ? 'unload' : 'warm';
  const act = (action: string): void => run(() => call('act', { action, data: { model: model?.name } }));
  return (
    <div>
      <dt>{t('overview.model')}</dt>
      <dd>
        <span>
          <span class="name">{model?.name ?? live.health.upstream.model}</span>{' '}
          <span class="quiet">
            {model === undefined || !up ? missingWords(live) : memoryWords(model)}
            {others > 0 && t('overview.more_loaded', { n: others })}
          </span>
        </span>
      </dd>
      <dd class="act">
        {!up ? null : model === undefined ? (
          <button class="btn plain" type="button" onClick={() => go('models')}>
            {t('overview.choose')}
          </button>
        ) : (
          <button
            class="btn plain"
            type="button"
            aria-disabled={busy || model.loading_ms !== null}
            aria-label={t(`overview.${does}_model`, { model: model.name })}
            onClick={() => model.loading_ms === null && act(model.loaded ? 'unload_model' : 'warm_model')}
          >
            {t(`overview.${does}`)}
          </button>
        )}
      </dd>
    </div>
  );
}

/** For a default model that is not in the list, or for any while Ollama, and so the list, is away. */
function missingWords({ health }: Live): string {
  switch (health.upstream.state) {
    case 'up':
      return t(health.upstream.models_unknown === true ? 'overview.not_known' : 'overview.not_installed');
    case 'down':
      return t('overview.not_known_down');
    case 'unknown':
      return t('overview.not_known_yet');
  }
}

/** "2.9 GB in VRAM, or how much of it is there. */
export function memoryWords({ loaded, loading_ms, size_loaded, size_vram }: ModelView): string {
  if (!loaded) return t(loading_ms === null ? 'overview.not_loaded' : 'overview.is_loading');
  if (size_loaded === null || size_loaded === 0) return t('overview.is_loaded');
  const vram = size_vram ?? 0;
  const size = bytes(size_loaded);
  if (vram === 0) return t('overview.in_memory', { size });
  return vram < size_loaded
    ? t('overview.partly_in_vram', { part: bytes(vram), size })
    : t('overview.in_vram', { size });
}

function Running({ live }: { readonly live: Live }): JSX.Element {
  const { call, go } = useCalls();
  const { run, busy } = useReportedAction();
  const rows = runningRows(live);
  const [only] = rows;
  if (only === undefined || rows.length > 1) {
    const pace = rows.reduce((sum, { tokens_per_s }) => sum + (tokens_per_s ?? 0), 0);
    return (
      <div>
        <dt>{t('overview.running')}</dt>
        <dd>
          <span>{count(live.health.queue.running)}</span>
          {pace > 0 && (
            <span class="quiet nb">
              {pieces<JSX.Element>('overview.together', { pace: <span class="fig c6">{count(pace)}/s</span> })}
            </span>
          )}
        </dd>
        <dd class="act">
          {rows.length > 1 && (
            <button class="btn plain" type="button" aria-label={t('overview.show_running')} onClick={() => go('queue')}>
              {t('overview.show')}
            </button>
          )}
        </dd>
      </div>
    );
  }
  const cancel = (): void => run(() => call('cancel', { request_id: only.request_id }));
  return (
    <div>
      <dt>{t('overview.running')}</dt>
      <dd>
        <Caller name={only.caller} />
        <span class="quiet nb">
          {only.phase === 'loading' ? (
            t('overview.loads')
          ) : (
            <>
              <span class="fig c12">{t('overview.tokens', { n: only.tokens })}</span>{' '}
              <span class="fig c6">{only.tokens_per_s === null ? null : `${count(only.tokens_per_s)}/s`}</span>
            </>
          )}
        </span>
      </dd>
      <dd class="act">
        <button
          class="btn plain"
          type="button"
          aria-disabled={busy}
          aria-label={t('overview.cancel_of', { caller: shownCaller(only.caller) })}
          onClick={cancel}
        >
          {t('overview.cancel')}
        </button>
      </dd>
    </div>
  );
}

function Waiting({ live, now }: { readonly live: Live; readonly now: number }): JSX.Element {
  const { go } = useCalls();
  const [next] = waitingRows(live);
  const left = next === undefined ? 0 : waitLeft(next, live, now);
  return (
    <div>
      <dt>{t('overview.waiting')}</dt>
      <dd>
        <span>{count(live.health.queue.length)}</span>
        {next !== undefined && (
          <span class="quiet nb">
            {live.queue.paused
              ? t('overview.until_resumed')
              : next.waits_for === 'ollama'
                ? t('overview.until_ollama')
                : next.waits_for === 'waking'
                  ? whenWords(next, live, now)
                  : next.late
                    ? t('overview.until_end')
                    : pieces<JSX.Element>('overview.next_in', {
                        time: <span class="fig c6">{left < 1000 ? `1${THIN}s` : roughly(left)}</span>,
                      })}
          </span>
        )}
      </dd>
      <dd class="act">
        {next !== undefined && (
          <button class="btn plain" type="button" aria-label={t('overview.show_waiting')} onClick={() => go('queue')}>
            {t('overview.show')}
          </button>
        )}
      </dd>
    </div>
  );
}
