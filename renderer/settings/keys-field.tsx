// The setting server.api_keys: the keys there are, each with a way to revoke it, and a form to make one. A new key is
// shown once, until it is put away; it is kept nowhere.
import type { JSX } from 'preact';
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { SCOPES, type ApiKey, type Scope } from '../../backend/contract/rules/api-key.ts';
import { useAction, useCalls } from '../parts/use-calls.ts';
import { CopyButton } from '../parts/copy.tsx';
import type { ControlProps } from './control-props.ts';
import { useOpener } from '../parts/focus.ts';
import { keyWords } from './form.ts';
import { Ask, Problem } from '../parts/parts.tsx';
import { t } from '../../words/texts.ts';

export function KeysControl({ field, view, id, describedBy, locked }: ControlProps): JSX.Element {
  // The contract's schema has checked it on its way here.
  const keys = (view.settings.values[field.path] ?? []) as readonly ApiKey[];
  const [making, setMaking] = useState(false);
  const opener = useOpener(making);
  return (
    <div class="keys">
      <ul class="items" aria-labelledby={id} aria-describedby={describedBy}>
        {keys.map((key) => (
          <KeyRow key={key.name} apiKey={key} locked={locked} />
        ))}
      </ul>
      {!locked &&
        (making ? (
          <NewKey onClose={() => setMaking(false)} />
        ) : (
          <button class="btn" type="button" ref={opener} onClick={() => setMaking(true)}>
            {t('settings.add_key')}
          </button>
        ))}
    </div>
  );
}

function KeyRow({ apiKey, locked }: { readonly apiKey: ApiKey; readonly locked: boolean }): JSX.Element {
  const { call } = useCalls();
  const { name } = apiKey;
  const [asking, setAsking] = useState(false);
  const opener = useOpener(asking);
  if (asking) {
    return (
      <li>
        <Ask
          question={t('settings.key.revoke_question', { name })}
          yes={t('settings.key.revoke')}
          no={t('settings.key.keep')}
          onYes={() => call('revoke_key', { name })}
          onClose={() => setAsking(false)}
        />
      </li>
    );
  }
  return (
    <li>
      <p>
        {name}
        <span class="quiet">{keyWords(apiKey)}</span>
      </p>
      {!locked && (
        <button
          class="btn danger"
          type="button"
          ref={opener}
          aria-label={t('settings.key.revoke_one', { name })}
          onClick={() => setAsking(true)}
        >
          {t('settings.key.revoke_open')}
        </button>
      )}
    </li>
  );
}

/** The form, and then the key that was made. */
function NewKey({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const { call } = useCalls();
  const { run, busy, problem } = useAction();
  const id = useId();
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<readonly Scope[]>(['chat']);
  const [isUrgent, setUrgent] = useState(false);
  const [made, setMade] = useState<{ readonly name: string; readonly secret: string }>();
  const first = useRef<HTMLInputElement>(null);
  const done = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => (made === undefined ? first : done).current?.focus(), [made]);

  if (made !== undefined) {
    return (
      <div class="new-key" role="group" aria-label={t('settings.key.one', { name: made.name })}>
        <p role="status">{t('settings.key.is_made', { name: made.name })}</p>
        <p class="cmd">
          <code>{made.secret}</code>
          <CopyButton text={made.secret} name={t('settings.key.copy')} />
        </p>
        <p class="btns">
          <button class="btn" type="button" ref={done} onClick={onClose}>
            {t('settings.key.done')}
          </button>
        </p>
      </div>
    );
  }
  const make = (): void =>
    run(async () => {
      const { secret } = await call('create_key', {
        name: name.trim(),
        scopes: [...scopes],
        ...(isUrgent ? { high_priority: true } : {}),
      });
      setMade({ name: name.trim(), secret });
    });
  const toggle = (scope: Scope): void =>
    setScopes(SCOPES.filter((each) => (each === scope ? !scopes.includes(each) : scopes.includes(each))));
  return (
    <form
      class="new-key"
      aria-label={t('settings.key.new')}
      onSubmit={(event) => {
        event.preventDefault();
        make();
      }}
      onKeyDown={({ key }) => key === 'Escape' && onClose()}
    >
      <label for={id}>{t('settings.name')}</label>
      <input
        id={id}
        ref={first}
        type="text"
        placeholder={t('settings.key.example')}
        value={name}
        spellcheck={false}
        autocomplete="off"
        onInput={({ currentTarget }) => setName(currentTarget.value)}
      />
      {SCOPES.map((scope) => (
        <label key={scope} class="check">
          <input type="checkbox" checked={scopes.includes(scope)} onChange={() => toggle(scope)} /> {scope}
          <span class="quiet">{t(`settings.key.${scope}`)}</span>
        </label>
      ))}
      <label class="check">
        <input type="checkbox" checked={isUrgent} onChange={() => setUrgent(!isUrgent)} /> {t('settings.key.urgent')}
        <span class="quiet">{t('settings.key.urgent_means')}</span>
      </label>
      <Problem text={problem} />
      <p class="btns">
        <button class="btn primary" type="submit" aria-disabled={busy}>
          {t('settings.key.make')}
        </button>
        <button class="btn" type="button" onClick={onClose}>
          {t('settings.key.cancel')}
        </button>
      </p>
    </form>
  );
}
