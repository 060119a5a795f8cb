// The tab Models: what is in memory and how long it stays, what is on its way, what is installed; and beside it how to get more,
// and the profiles.
import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { ModelView } from '../../backend/contract/views/control.ts';
import type { View } from '../../backend/contract/window/desktop.ts';
import type { Live } from '../../backend/contract/views/app-state.ts';
import { t } from '../../words/texts.ts';
import { useHeldParts } from '../parts/held-rows.ts';
import { NotRunning } from '../parts/not-running.tsx';
import { Empty, Section } from '../parts/parts.tsx';
import { wayBack } from '../parts/status.ts';
import { bytes } from '../parts/words.ts';
import { AddModel } from './add-model.tsx';
import { FreeButton, useFreeing } from './free-memory.tsx';
import { ModelRow } from './model-row.tsx';
import { Profiles } from './profiles-part.tsx';
import { Pulls } from '../parts/pull-rows.tsx';

export function Models({ view, now }: { readonly view: View; readonly now: number }): JSX.Element {
  const { gateway, live, settings } = view;
  if (gateway.state !== 'running' || live === null) return <NotRunning gateway={gateway} />;
  const { upstream } = live.health;
  if (upstream.state !== 'up') {
    return (
      <>
        <Empty mark="degraded" title={t('models.unknown_down')}>
          <p>
            {wayBack(view, now)} {t('models.looks_again')}
          </p>
        </Empty>
        <Pulls pulls={live.pulls} held={false} />
      </>
    );
  }
  if (live.models.length === 0 && upstream.models_unknown === true) {
    return (
      <Empty mark="degraded" title={t('models.unknown')}>
        <p>{t('models.unknown_more')}</p>
      </Empty>
    );
  }
  if (live.models.length === 0) {
    return (
      <>
        <Empty mark="cold" title={t('models.none')}>
          <p>{t('models.none_more')}</p>
        </Empty>
        <AddModel live={live} />
        <Pulls pulls={live.pulls} held={false} />
      </>
    );
  }
  return <Lists live={live} now={now} settings={settings} />;
}

interface ListsProps {
  readonly live: Live;
  readonly now: number;
  readonly settings: View['settings'];
}

/** What is in memory, and the others. A row keeps its place while the pointer or the focus is here. */
function Lists({ live, now, settings }: ListsProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const { parts, isHeld, handlers } = useHeldParts(live.models, nameOf, isLoaded, box);
  const [open, setOpen] = useState<string>();
  const freeing = useFreeing();
  const [loaded, others] = parts;
  const row = (model: ModelView): JSX.Element => (
    <ModelRow
      key={model.name}
      model={model}
      live={live}
      now={now}
      settings={settings}
      open={open === model.name}
      onOpen={(isOpen) => setOpen(isOpen ? model.name : undefined)}
    />
  );
  const inMemory = live.models.filter(isLoaded);
  const end = (
    <div class="btns free">
      <p class="sec-note">{inUse(inMemory)}</p>
      {inMemory.length > 0 && <FreeButton freeing={freeing} onGpu={onGpu(inMemory) > 0} />}
    </div>
  );
  return (
    <div class="cols">
      <div ref={box} {...handlers}>
        <Section title={t('models.loaded')} end={end}>
          <p class="meta2" role="status">
            {freeing.told}
          </p>
          {loaded.length === 0 && <p class="quiet">{t('models.none_loaded')}</p>}
          <ul>{loaded.map(row)}</ul>
        </Section>
        <Pulls pulls={live.pulls} held={isHeld} />
        {others.length > 0 && (
          <Section title={t('models.installed')} end={<p class="sec-note">{onDisk(others, loaded.length > 0)}</p>}>
            <ul>{others.map(row)}</ul>
          </Section>
        )}
      </div>
      <div>
        <AddModel live={live} />
        <Profiles settings={settings} models={live.models} />
      </div>
    </div>
  );
}

const nameOf = ({ name }: ModelView): string => name;
const isLoaded = ({ loaded }: ModelView): boolean => loaded;
const onGpu = (loaded: readonly ModelView[]): number =>
  loaded.reduce((sum, { size_vram }) => sum + (size_vram ?? 0), 0);

/** "3.5 GB of VRAM in use" */
function inUse(loaded: readonly ModelView[]): string {
  const vram = onGpu(loaded);
  const all = loaded.reduce((sum, { size_loaded }) => sum + (size_loaded ?? 0), 0);
  if (all === 0) return '';
  return vram === 0 ? t('models.memory_in_use', { size: bytes(all) }) : t('models.vram_in_use', { size: bytes(vram) });
}

function onDisk(models: readonly ModelView[], more: boolean): string {
  const size = bytes(models.reduce((sum, model) => sum + model.size, 0));
  return t(more ? 'models.more_on_disk' : 'models.all_on_disk', { n: models.length, size });
}
