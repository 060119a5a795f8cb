// The tab Models: what is in memory and how long it stays, what is installed, and how to get more.
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { ModelView } from '../../backend/contract/control.ts';
import type { View } from '../../backend/contract/desktop.ts';
import { useCalls, useReportedAction } from '../parts/use-calls.ts';
import { CommandLine } from '../parts/copy.tsx';
import { unfitWords } from '../parts/default-model.ts';
import { useHeldParts } from '../parts/held-rows.ts';
import { runningRows, staleness, type Live } from '../../backend/contract/app-state.ts';
import { expiryOf, installedFacts, loadedFacts, pullCommand } from './model-words.ts';
import { NotRunning } from '../parts/not-running.tsx';
import { Burn, Empty, Section } from '../parts/parts.tsx';
import { sameModel } from '../parts/same-model.ts';
import { wayBack } from '../parts/status.ts';
import { bytes, count, roughly } from '../parts/words.ts';

export function Models({ view, now }: { readonly view: View; readonly now: number }): JSX.Element {
  const { gateway, live, settings } = view;
  if (gateway.state !== 'running' || live === null) return <NotRunning gateway={gateway} />;
  const { upstream } = live.health;
  if (upstream.state !== 'up') {
    return (
      <Empty mark="degraded" title="Models are unknown while Ollama is down">
        <p>{wayBack(view, now)} Hearth looks again every 2 s.</p>
      </Empty>
    );
  }
  if (live.models.length === 0 && upstream.models_unknown === true) {
    return (
      <Empty mark="degraded" title="Ollama does not tell its models">
        <p>Requests go up all the same, but nothing is kept. Hearth asks again every 15 s.</p>
      </Empty>
    );
  }
  if (live.models.length === 0) {
    return (
      <Empty mark="cold" title="Ollama has no models yet">
        <p>Pull one, and it appears here.</p>
        <CommandLine text="ollama pull llama3.2:3b" />
      </Empty>
    );
  }
  return <Lists live={live} now={now} settings={settings} />;
}

type ListsProps = Omit<RowProps, 'model'>;

/** What is in memory, and the others. A row keeps its place while the pointer or the focus is here. */
function Lists({ live, now, settings }: ListsProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const { parts, handlers } = useHeldParts(live.models, nameOf, isLoaded, box);
  const [loaded, others] = parts;
  const row = (model: ModelView): JSX.Element => (
    <ModelRow key={model.name} model={model} live={live} now={now} settings={settings} />
  );
  return (
    <div class="cols" ref={box} {...handlers}>
      <div>
        <Section title="Loaded" end={<p class="sec-note">{inUse(live.models.filter(isLoaded))}</p>}>
          {loaded.length === 0 && <p class="quiet">No model is in memory. The next answer loads one.</p>}
          <ul>{loaded.map(row)}</ul>
        </Section>
        {others.length > 0 && (
          <Section title="Installed" end={<p class="sec-note">{onDisk(others, loaded.length > 0)}</p>}>
            <ul>{others.map(row)}</ul>
          </Section>
        )}
      </div>
      <div>
        <Section title="Add a model">
          <p class="quiet">Ollama installs models. Run this, and the model appears here.</p>
          <CommandLine text={pullCommand(live.models)} />
        </Section>
      </div>
    </div>
  );
}

const nameOf = ({ name }: ModelView): string => name;
const isLoaded = ({ loaded }: ModelView): boolean => loaded;

/** "3.5 GB of VRAM in use" */
function inUse(loaded: readonly ModelView[]): string {
  const vram = loaded.reduce((sum, { size_vram }) => sum + (size_vram ?? 0), 0);
  const all = loaded.reduce((sum, { size_loaded }) => sum + (size_loaded ?? 0), 0);
  if (all === 0) return '';
  return vram === 0 ? `${bytes(all)} of memory in use` : `${bytes(vram)} of VRAM in use`;
}

function onDisk(models: readonly ModelView[], more: boolean): string {
  const size = bytes(models.reduce((sum, model) => sum + model.size, 0));
  return `${count(models.length)}${more ? ' more' : ''}, ${size} on disk`;
}

interface RowProps {
  readonly model: ModelView;
  readonly live: Live;
  readonly now: number;
  readonly settings: View['settings'];
}

function ModelRow({ model, live, now, settings }: RowProps): JSX.Element {
  const { call } = useCalls();
  const { run, busy } = useReportedAction();
  const { name, loaded } = model;
  const asked = runningRows(live).some((entry) => entry.phase === 'loading' && sameModel(entry.model, name));
  const loading = asked || model.loading_ms !== null;
  const warm = (): void => run(() => call('act', { action: 'warm_model', data: { model: name } }));
  const unload = (): void => run(() => call('act', { action: 'unload_model', data: { model: name } }));
  const makeDefault = (): void => run(() => call('set_setting', { path: 'ollama.model', value: name }));
  const isDefault = sameModel(live.health.upstream.model, name);
  const locked = settings.locked['ollama.model'];
  const expiry = expiryOf(model, live, settings, now);
  return (
    <li class="m-row" data-row={name}>
      <div>
        <p>
          <span class="name">{name}</span> {isDefault && <span class="tag">default</span>}
        </p>
        <p class="meta">{loaded ? loadedFacts(model) : installedFacts(model)}</p>
        <p class="meta">{loading && !loaded ? loadingWords(model, live, now) : expiry.words}</p>
      </div>
      <div class="btns">
        {!isDefault && !loaded && locked === undefined && unfitWords(model) === undefined && (
          <button class="btn plain" type="button" aria-label={`Make default: ${name}`} onClick={makeDefault}>
            Make default
          </button>
        )}
        {loading && !loaded ? (
          <button class="btn" type="button" data-act="memory" aria-disabled="true" aria-label={`Loading ${name}`}>
            Loading
          </button>
        ) : (
          <button
            class="btn"
            type="button"
            data-act="memory"
            aria-disabled={busy}
            aria-label={`${loaded ? 'Unload' : 'Warm'} ${name}`}
            onClick={loaded ? unload : warm}
          >
            {loaded ? 'Unload' : 'Warm'}
          </button>
        )}
      </div>
      {loading && !loaded && <Burn kind="burn" left={undefined} label={`Loading ${name}`} />}
      {loaded && <Burn kind="burn" left={expiry.left} label={expiry.label} />}
    </li>
  );
}

/** "Loading, about 3 s left", once a load of this model has been measured. */
function loadingWords({ load_ms, loading_ms }: ModelView, live: Live, now: number): string {
  if (load_ms === null || loading_ms === null) return 'Loading';
  const left = load_ms - loading_ms - staleness(live, now);
  return left > 500 ? `Loading, about ${roughly(left)} left` : 'Loading, nearly there';
}
