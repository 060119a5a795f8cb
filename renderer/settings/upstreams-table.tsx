// The setting that lists several machines: each with how it stands, its address and its place, and a way to take it off the
// list. A machine is added by its address alone; what else is to be said of one is written in the file.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { parseField } from '../../backend/contract/config/config.ts';
import type { MachineView } from '../../backend/contract/views/machine-view.ts';
import { placesOf, type UpstreamEntry } from '../../backend/contract/rules/upstream-list.ts';
import { listed } from '../../words/figures.ts';
import type { ControlProps } from './control-props.ts';
import { notAdded } from './form.ts';
import { RemoveButton } from './remove-button.tsx';
import { t } from '../../words/texts.ts';

export function UpstreamsControl({
  field,
  view,
  id,
  describedBy,
  locked,
  wrong,
  save,
  refuse,
}: ControlProps): JSX.Element {
  // The contract's schema has checked it on its way here.
  const now = (view.settings.values[field.path] ?? []) as readonly UpstreamEntry[];
  const machines = view.live?.health.upstreams ?? [];
  const [address, setAddress] = useState('');
  const item = field.item ?? t('settings.an_entry');
  const add = async (): Promise<void> => {
    const url = address.trim();
    if (url === '') return;
    const next = [...now, { url }];
    if (parseField(field.path, next) === undefined) refuse(notAdded(url, field));
    else if (await save(next)) setAddress('');
  };
  return (
    <ul class="items" aria-labelledby={id} aria-describedby={describedBy}>
      {placesOf(now).map(({ name, url, priority, models, wake }, i) => (
        <li key={url}>
          <span>
            {name}{' '}
            <span class="quiet">
              {[
                stateOf(machines.find((each) => each.name === name)),
                url,
                t('settings.upstreams.priority', { priority: String(priority) }),
                models.length === 0 ? '' : t('settings.upstreams.models', { models: listed(models) }),
                wake === undefined ? '' : t('settings.upstreams.wakes'),
              ]
                .filter((part) => part !== '')
                .join(' · ')}
            </span>
          </span>
          {!locked && <RemoveButton name={name} remove={() => void save(now.filter((_, at) => at !== i))} />}
        </li>
      ))}
      {!locked && (
        <li>
          <input
            type="text"
            inputMode="url"
            aria-invalid={wrong && address !== ''}
            aria-label={t('settings.add_item_to', { item, title: field.title })}
            placeholder="http://desktop:11434"
            value={address}
            spellcheck={false}
            autocomplete="off"
            onInput={({ currentTarget }) => setAddress(currentTarget.value)}
            onKeyDown={({ key }) => void (key === 'Enter' && add())}
          />
          <button
            class="btn"
            type="button"
            aria-label={t('settings.add_to', { title: field.title })}
            onClick={() => void add()}
          >
            {t('settings.add')}
          </button>
        </li>
      )}
    </ul>
  );
}

/** '' where the gateway does not know it yet: it was added since it started. */
function stateOf(machine: MachineView | undefined): string {
  return machine === undefined ? '' : t(`settings.upstreams.${machine.state}`);
}
