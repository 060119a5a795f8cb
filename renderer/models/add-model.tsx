// A model to download, by its name.
import type { JSX } from 'preact';
import { useId, useRef, useState } from 'preact/hooks';
import type { ModelView } from '../../backend/contract/control.ts';
import { t } from '../../words/texts.ts';
import { Problem, Section } from '../parts/parts.tsx';
import { useAction, useCalls } from '../parts/use-calls.ts';
import { wantedModels } from './model-words.ts';

/** Names that are offered at most. */
const OFFERED = 3;

export function AddModel({ models }: { readonly models: readonly ModelView[] }): JSX.Element {
  const { call } = useCalls();
  const { run, busy, problem } = useAction();
  const [name, setName] = useState('');
  // As it was when this was opened: what one of them has become moves nothing.
  const [offers] = useState(() => wantedModels(models).slice(0, OFFERED));
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  const wanted = name.trim();
  const download = (): void => {
    if (wanted === '') return field.current?.focus();
    run(async () => {
      await call('pull_model', { model: wanted });
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
