// One field of the settings form: the control that fits its kind, its label and key, and what is said below it.
import type { JSX } from 'preact';
import { useId, useRef, useState } from 'preact/hooks';
import { useCalls } from '../parts/use-calls.ts';
import { sentenceOf } from '../state/client.ts';
import type { ControlProps, FieldProps } from './control-props.ts';
import { HeadersControl } from './field-headers.tsx';
import { ListControl } from './field-list.tsx';
import { SecretControl } from './field-secret.tsx';
import { asText, hintOf, isWrong, modelChoices, needsKey, readText, type Hint, type Touched } from './form.ts';
import { HintLine } from './hint-line.tsx';
import { KeysControl } from './keys-field.tsx';
import { Marked } from '../parts/parts.tsx';
import { TestConnection } from './connection-test.tsx';

export function Field({ field, view, words, go }: FieldProps): JSX.Element {
  const { call } = useCalls();
  const { settings } = view;
  const { path } = field;
  const id = useId();
  const [touched, setTouched] = useState<Touched>({});
  const [found, setFound] = useState<Hint>();
  const [typed, setTyped] = useState<string>();
  /** What is being saved: leaving the field meanwhile must not save it once more. */
  const saving = useRef<string>(undefined);
  const now = settings.values[path];
  const hint = found ?? hintOf(field, view, touched);
  // What is on can always be switched off.
  const locked = settings.locked[path] !== undefined || (needsKey(field, settings) && now !== true);
  const isList = field.kind === 'list' || field.kind === 'keys' || field.kind === 'headers';
  const wide = isList || field.kind === 'url' || field.kind === 'secret' || field.kind === 'multiline';

  /** Saves; what is refused is told here, with what was typed still in the field. */
  const save = async (value: unknown, text = asText(field, value)): Promise<boolean> => {
    setFound(undefined);
    try {
      await call('set_setting', { path, value });
      setTouched({ was: now });
      // The settings have it now; what was typed since stays.
      setTyped((latest) => (latest === text ? undefined : latest));
      return true;
    } catch (error) {
      setTyped(undefined);
      setTouched({ wrong: { text, sentence: sentenceOf(error) } });
      return false;
    }
  };
  const undo = async (value: unknown): Promise<void> => {
    if (await save(value)) setTouched({});
  };
  const take = (text: string): void => {
    if (text === saving.current) return;
    setTyped(undefined);
    setFound(undefined);
    const read = readText(field, text, settings);
    if (read === undefined) setTouched(({ was }) => (was === undefined ? {} : { was }));
    else if ('wrong' in read) setTouched({ wrong: { text, sentence: read.wrong } });
    else {
      // Stays in the field until it is saved.
      setTyped(text);
      saving.current = text;
      void save(read.value, text).finally(() => {
        saving.current = undefined;
      });
    }
  };
  const refuse = (sentence: string): void => setTouched({ wrong: { text: '', sentence } });
  const text = typed ?? touched.wrong?.text ?? asText(field, now);
  const wrong = isWrong(field, settings, touched);
  const control = {
    field,
    view,
    words,
    go,
    id,
    describedBy: `${id}-h`,
    locked,
    wrong,
    touched,
    text,
    setTyped,
    take,
    save,
    refuse,
  };
  return (
    <div class={wide ? 'field wide' : 'field'} data-path={path}>
      {isList ? (
        <p id={id}>
          <Marked text={field.title} words={words} />
          <span class="key">
            <Marked text={path} words={words} />
          </span>
        </p>
      ) : (
        <label for={id}>
          <Marked text={field.title} words={words} />
          <span class="key">
            <Marked text={path} words={words} />
          </span>
        </label>
      )}
      <div class="ctl">
        <Control {...control} />
        {field.kind === 'url' && <TestConnection text={text} saved={text === asText(field, now)} show={setFound} />}
      </div>
      <HintLine id={`${id}-h`} hint={hint} words={words} undo={undo} use={take} go={go} />
    </div>
  );
}

function Control(props: ControlProps): JSX.Element {
  const { field, view, id, describedBy, locked, wrong, save } = props;
  const now = view.settings.values[field.path];
  const common = { id, 'aria-describedby': describedBy, 'aria-invalid': wrong };
  switch (field.kind) {
    case 'switch':
      return (
        <input
          {...common}
          class="switch"
          type="checkbox"
          role="switch"
          checked={now === true}
          aria-disabled={locked}
          onClick={(event) => {
            // What it shows follows the setting, which follows the save.
            event.preventDefault();
            if (!locked) void save(now !== true);
          }}
        />
      );
    case 'choice':
    case 'model': {
      const choices = field.choices ?? modelChoices(view, now).map((value) => ({ value, label: value }));
      return (
        <span class="pick">
          <select
            {...common}
            value={String(now)}
            aria-disabled={locked}
            onMouseDown={(event) => locked && event.preventDefault()}
            onChange={({ currentTarget }) => {
              const { value } = currentTarget;
              if (locked) currentTarget.value = String(now);
              else void save(value).then((saved) => saved || (currentTarget.value = String(now)));
            }}
          >
            {choices.map(({ value, label }) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </span>
      );
    }
    case 'list':
      return <ListControl {...props} />;
    case 'keys':
      return <KeysControl {...props} />;
    case 'headers':
      return <HeadersControl {...props} />;
    case 'secret':
      return <SecretControl {...props} />;
    case 'number':
    case 'keep_alive':
    case 'text':
    case 'url':
    case 'multiline':
      return <TextControl {...props} />;
  }
}

function TextControl(props: ControlProps): JSX.Element {
  const { field, view, id, describedBy, locked, wrong, touched, text, setTyped, take } = props;
  const now = asText(field, view.settings.values[field.path]);
  const common = {
    id,
    'aria-describedby': describedBy,
    'aria-invalid': wrong,
    readOnly: locked,
    value: text,
    onInput: ({ currentTarget }: { readonly currentTarget: { readonly value: string } }) =>
      setTyped(currentTarget.value),
    onBlur: ({ currentTarget, relatedTarget }: FocusEvent) => {
      // Who goes on to the button beside it has not done with the field.
      const stays = relatedTarget instanceof Element && relatedTarget.closest('.ctl') === (currentTarget as Element).closest('.ctl'); // prettier-ignore
      if (!stays && text !== now && text !== touched.wrong?.text) take(text);
    },
  };
  if (field.kind === 'multiline') return <textarea {...common} rows={3} />;
  return (
    <input
      {...common}
      class={field.kind === 'number' || field.kind === 'keep_alive' ? 'figure' : undefined}
      type="text"
      inputMode={field.kind === 'url' ? 'url' : 'text'}
      spellcheck={false}
      autocomplete="off"
      onKeyDown={({ key }) => {
        if (key === 'Enter') take(text);
        if (key === 'Escape') take(now);
      }}
    />
  );
}
