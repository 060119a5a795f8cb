// A model to download, by its name.
import type { JSX } from 'preact';
import { useId, useRef, useState } from 'preact/hooks';
import type { Live } from '../../backend/contract/views/app-state.ts';
import { t } from '../../words/texts.ts';
import { Problem, Section } from '../parts/parts.tsx';
import { useAction, useCalls } from '../parts/use-calls.ts';
import { wantedModels } from './model-words.ts';

/** Names that are offered at most. */
const OFFERED = 3;

export function AddModel({ live }: { readonly live: Live }): JSX.Element {
  const { models } = live;
  const machines = (live.health.upstreams ?? []).map(({ name }) => name);
  const { call } = useCalls();
  const { run, busy, problem } = useAction();
  const [name, setName] = useState('');
  const [upstream, setUpstream] = useState('');
  // As it was when this was opened: what one of them has become moves nothing.
  const [offers] = useState(() => wantedModels(models).slice(0, OFFERED));
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  const wanted = name.trim();
  const download = (): void => {
    if (wanted === '') return field.current?.focus();
    run(async () => {
      const where = machines.includes(upstream) ? { upstream } : {};
      await call('pull_model', { model: wanted, ...where });
      setName('');
    });
  };
  const offer = (offered: string): void => {
    setName(offered);
    field.current?.focus();
  };
  return (
    <Section title={t('models.add')} end={null}>
      <div class="add-line">
        <div>
          <label class="sr" for={id}>
            {t('models.to_download')}
          </label>
          <input
            ref={field}
            id={id}
            type="text"
            placeholder={t('models.add_example')}
            aria-describedby={`${id}-hint`}
            aria-invalid={problem !== undefined}
            value={name}
            spellcheck={false}
            autocomplete="off"
            onInput={({ currentTarget }) => setName(currentTarget.value)}
            onKeyDown={({ key }) => key === 'Enter' && download()}
          />
        </div>
        <button class="btn" type="button" aria-disabled={busy} onClick={download}>
          {t('models.download')}
        </button>
      </div>
      {machines.length > 1 && (
        <p class="add-where">
          <label for={`${id}-where`}>{t('models.add_where')}</label>
          <span class="pick">
            <select
              id={`${id}-where`}
              value={upstream}
              onChange={({ currentTarget }) => setUpstream(currentTarget.value)}
            >
              <option value="">{t('models.add_anywhere')}</option>
              {machines.map((each) => (
                <option key={each} value={each}>
                  {each}
                </option>
              ))}
            </select>
          </span>
        </p>
      )}
      <Problem text={problem} />
      <p class="meta2" id={`${id}-hint`}>
        {t('models.add_hint')}
      </p>
      <p class="btns offers">
        {offers.map((each) => (
          <button key={each} class="btn plain" type="button" onClick={() => offer(each)}>
            {each}
          </button>
        ))}
      </p>
    </Section>
  );
}
