// Profiles: names of one's own behind which stand a model and what one wants of it; made, changed and removed in place.
import type { ComponentChildren, JSX } from 'preact';
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ModelView } from '../../backend/contract/views/control.ts';
import type { View } from '../../backend/contract/window/desktop.ts';
import { t } from '../../words/texts.ts';
import { CLASS_WORDS } from '../parts/class-words.ts';
import { useOpener } from '../parts/focus.ts';
import { Problem, Section } from '../parts/parts.tsx';
import { useAction, useCalls } from '../parts/use-calls.ts';
import {
  CLASSES,
  profileFacts,
  profileOf,
  profilesIn,
  typedOf,
  type Profiles as All,
  type TypedProfile,
} from './profile-form.ts';

const PATH = 'models';

interface Props {
  readonly settings: View['settings'];
  readonly models: readonly ModelView[];
}

export function Profiles({ settings, models }: Props): JSX.Element {
  const all = profilesIn(settings);
  const locked = settings.locked[PATH];
  /** The name of the one that is changed, '' for a new one. */
  const [edited, setEdited] = useState<string>();
  const opener = useOpener(edited !== undefined);
  const close = (): void => setEdited(undefined);
  const form = (name: string): JSX.Element => <ProfileForm name={name} all={all} models={models} onClose={close} />;
  const add = (
    <button class="btn" type="button" ref={edited === undefined ? opener : null} onClick={() => setEdited('')}>
      {t('models.profile_add')}
    </button>
  );
  return (
    <Section title={t('models.profiles')} end={locked === undefined && edited === undefined ? add : null}>
      <p class="quiet">{t('models.profiles_hint')}</p>
      {locked !== undefined && <p class="meta2">{t('models.profiles_locked', { variable: locked })}</p>}
      <ul class="kept">
        {edited === '' && <li class="m-row">{form('')}</li>}
        {Object.entries(all).map(([name, profile]) => (
          <li key={name} class="m-row" data-row={`profile ${name}`}>
            {edited === name ? (
              form(name)
            ) : (
              <>
                <div>
                  <p class="name">{name}</p>
                  <p class="meta">{profileFacts(profile)}</p>
                  {(profile.class ?? profile.system_prompt) !== undefined && (
                    <p class="meta">
                      {[
                        ...(profile.class === undefined
                          ? []
                          : [t('models.profile_as', { class: CLASS_WORDS[profile.class] })]),
                        ...(profile.system_prompt === undefined ? [] : [t('models.profile_prompted')]),
                      ].join(', ')}
                    </p>
                  )}
                </div>
                {locked === undefined && (
                  <div class="btns">
                    <button
                      class="btn plain"
                      type="button"
                      aria-label={t('models.profile_edit_name', { name })}
                      onClick={() => setEdited(name)}
                    >
                      {t('models.profile_edit')}
                    </button>
                  </div>
                )}
              </>
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
}

interface FormProps {
  readonly name: string;
  readonly all: All;
  readonly models: readonly ModelView[];
  readonly onClose: () => void;
}

function ProfileForm({ name, all, models, onClose }: FormProps): JSX.Element {
  const { call } = useCalls();
  const { run, busy, problem } = useAction();
  const [typed, setTyped] = useState(() => typedOf(name, all[name], models[0]?.name ?? ''));
  const [wrong, setWrong] = useState<{ readonly wrong: keyof TypedProfile; readonly why: string }>();
  const first = useRef<HTMLInputElement>(null);
  const id = useId();
  useLayoutEffect(() => first.current?.focus(), []);
  const others = Object.fromEntries(Object.entries(all).filter(([own]) => own !== name));
  const put = (value: All): void => run(async () => call('set_setting', { path: PATH, value }).then(onClose));
  const save = (): void => {
    const read = profileOf(typed, Object.keys(others));
    setWrong(read.wrong === undefined ? undefined : read);
    // In its place, as far as it keeps its name.
    if (read.wrong === undefined)
      put({ ...(typed.name.trim() === name ? all : others), [typed.name.trim()]: read.profile });
  };
  const type = (field: keyof TypedProfile) => ({
    id: `${id}-${field}`,
    value: typed[field],
    'aria-invalid': wrong?.wrong === field,
    onInput: ({ currentTarget }: { readonly currentTarget: { readonly value: string } }) =>
      setTyped((before) => ({ ...before, [field]: currentTarget.value })),
  });
  const line = (field: keyof TypedProfile, placeholder = '') => ({
    ...type(field),
    type: 'text' as const,
    placeholder,
    spellcheck: false,
    autocomplete: 'off',
  });
  return (
    <form
      class="profile"
      aria-label={name === '' ? t('models.profile_new') : t('models.profile_edit_name', { name })}
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
      onKeyDown={({ key }) => {
        if (key === 'Escape') onClose();
      }}
    >
      <Labelled id={`${id}-name`} text={t('models.profile_name')}>
        <input ref={first} {...line('name', 'fast')} />
      </Labelled>
      <Labelled id={`${id}-model`} text={t('models.profile_model')}>
        <input {...line('model')} list={`${id}-models`} />
        <datalist id={`${id}-models`}>
          {models.map((model) => (
            <option key={model.name} value={model.name} />
          ))}
        </datalist>
      </Labelled>
      <Labelled id={`${id}-context`} text={t('models.profile_context')}>
        <input {...line('context', t('models.profile_as_sent'))} inputMode="numeric" />
      </Labelled>
      <Labelled id={`${id}-temperature`} text={t('models.profile_temperature')}>
        <input {...line('temperature', t('models.profile_as_sent'))} inputMode="decimal" />
      </Labelled>
      <Labelled id={`${id}-class`} text={t('models.profile_class')}>
        <span class="pick">
          <select {...type('class')}>
            <option value="">{t('models.profile_as_sent')}</option>
            {CLASSES.map((each) => (
              <option key={each} value={each}>
                {CLASS_WORDS[each]}
              </option>
            ))}
          </select>
        </span>
      </Labelled>
      <Labelled id={`${id}-options`} text={t('models.profile_options')}>
        <input {...line('options', '{"seed": 1}')} />
      </Labelled>
      <Labelled id={`${id}-prompt`} text={t('models.profile_prompt')} wide>
        <textarea {...type('prompt')} rows={2} placeholder={t('models.profile_prompt_hint')} />
      </Labelled>
      <Problem text={wrong?.why ?? problem} />
      <p class="btns">
        <button class="btn primary" type="submit" aria-disabled={busy}>
          {t('models.profile_save')}
        </button>
        <button class="btn" type="button" onClick={onClose}>
          {t('models.profile_cancel')}
        </button>
        {name !== '' && (
          <button
            class="btn danger"
            type="button"
            aria-label={t('models.profile_remove_name', { name })}
            aria-disabled={busy}
            onClick={() => put(others)}
          >
            {t('models.profile_remove')}
          </button>
        )}
      </p>
    </form>
  );
}

interface LabelledProps {
  readonly id: string;
  readonly text: string;
  readonly wide?: boolean;
  readonly children: ComponentChildren;
}

function Labelled({ id, text, wide = false, children }: LabelledProps): JSX.Element {
  return (
    <p class={wide ? 'wide' : undefined}>
      <label for={id}>{text}</label>
      {children}
    </p>
  );
}
