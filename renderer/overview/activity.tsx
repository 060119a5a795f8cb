// The three lines at the top of Overview: the model, what runs, what waits. They are always there, so that nothing
// below them moves.
import type { JSX } from 'preact';
import type { ModelView } from '../../backend/contract/control.ts';
import { useCalls, useReportedAction } from '../parts/use-calls.ts';
import { runningRows, type Live } from '../../backend/contract/app-state.ts';
import { waitingRows, waitLeft } from '../parts/run-rows.ts';
import { Caller, Section } from '../parts/parts.tsx';
import { mainModel } from '../parts/main-model.ts';
import { bytes, count, plural, roughly, THIN } from '../parts/words.ts';

export function Now({ live, now }: { readonly live: Live; readonly now: number }): JSX.Element {
  return (
    <Section title="Now" hidden>
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
  const verb = (model?.loading_ms ?? null) !== null ? 'Loading' : model?.loaded === true ? 'Unload' : 'Warm';
  const act = (action: string): void => run(() => call('act', { action, data: { model: model?.name } }));
  return (
    <div>
      <dt>Model</dt>
      <dd>
        <span>
          <span class="name">{model?.name ?? live.health.upstream.model}</span>{' '}
          <span class="quiet">
            {model === undefined || !up ? missingWords(live) : memoryWords(model)}
            {others > 0 && `, ${count(others)} more loaded`}
          </span>
        </span>
      </dd>
      <dd class="act">
        {!up ? null : model === undefined ? (
          <button class="btn plain" type="button" onClick={() => go('models')}>
            Choose…
          </button>
        ) : (
          <button
            class="btn plain"
            type="button"
            aria-disabled={busy || model.loading_ms !== null}
            aria-label={`${verb} ${model.name}`}
            onClick={() => model.loading_ms === null && act(model.loaded ? 'unload_model' : 'warm_model')}
          >
            {verb}
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
      return health.upstream.models_unknown === true ? 'not known' : 'not installed';
    case 'down':
      return 'not known while Ollama is down';
    case 'unknown':
      return 'not known yet';
  }
}

/** "2.9 GB in VRAM, or how much of it is there. */
export function memoryWords({ loaded, loading_ms, size_loaded, size_vram }: ModelView): string {
  if (!loaded) return loading_ms === null ? 'not loaded' : 'loading';
  if (size_loaded === null || size_loaded === 0) return 'loaded';
  const vram = size_vram ?? 0;
  if (vram === 0) return `${bytes(size_loaded)} in memory`;
  return vram < size_loaded ? `${bytes(vram)} of ${bytes(size_loaded)} in VRAM` : `${bytes(size_loaded)} in VRAM`;
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
        <dt>Running</dt>
        <dd>
          <span>{count(live.health.queue.running)}</span>
          {pace > 0 && (
            <span class="quiet nb">
              together <span class="fig c6">{count(pace)}/s</span>
            </span>
          )}
        </dd>
        <dd class="act">
          {rows.length > 1 && (
            <button class="btn plain" type="button" aria-label="Show what runs" onClick={() => go('queue')}>
              Show
            </button>
          )}
        </dd>
      </div>
    );
  }
  const cancel = (): void => run(() => call('cancel', { request_id: only.request_id }));
  return (
    <div>
      <dt>Running</dt>
      <dd>
        <Caller name={only.caller} />
        <span class="quiet nb">
          {only.phase === 'loading' ? (
            'loading the model'
          ) : (
            <>
              <span class="fig c12">{plural(only.tokens, 'token')}</span>{' '}
              <span class="fig c6">{only.tokens_per_s === null ? '' : `${count(only.tokens_per_s)}/s`}</span>
            </>
          )}
        </span>
      </dd>
      <dd class="act">
        <button
          class="btn plain"
          type="button"
          aria-disabled={busy}
          aria-label={`Cancel the request of ${only.caller}`}
          onClick={cancel}
        >
          Cancel
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
      <dt>Waiting</dt>
      <dd>
        <span>{count(live.health.queue.length)}</span>
        {next !== undefined && (
          <span class="quiet nb">
            {live.queue.paused ? (
              'until you resume'
            ) : next.waits_for === 'ollama' ? (
              'until Ollama is back'
            ) : next.late ? (
              'until the answer ends'
            ) : (
              <>
                next in <span class="fig c6">{left < 1000 ? `1${THIN}s` : roughly(left)}</span>
              </>
            )}
          </span>
        )}
      </dd>
      <dd class="act">
        {next !== undefined && (
          <button class="btn plain" type="button" aria-label="Show what waits" onClick={() => go('queue')}>
            Show
          </button>
        )}
      </dd>
    </div>
  );
}
