// One field of the settings form: the control that fits its kind, its label and key, and what is said below it.
import type { JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { useCalls } from '../parts/use-calls.ts';
import { sentenceOf } from '../state/client.ts';
import type { ControlProps, FieldProps } from './control-props.ts';
import { afterStep, UNTOUCHED, type FieldState, type FieldStep } from './field-state.ts';
import { HeadersControl } from './field-headers.tsx';
import { ListControl } from './field-list.tsx';
import { TableControl } from './field-table.tsx';
import { SecretControl } from './field-secret.tsx';
import { asText, entriesOf, hintOf, isWrong, modelChoices, needsKey, readText } from './form.ts';
import { HintLine } from './hint-line.tsx';
import { hintText } from './hint-text.ts';
import { RulesControl } from './rules-table.tsx';
import { KeysControl } from './keys-field.tsx';
import { Marked } from '../parts/parts.tsx';
import { hasEntries } from './settings-groups.ts';
import { TestConnection } from './connection-test.tsx';
import { t } from '../../words/texts.ts';
import { UpstreamsControl } from './upstreams-table.tsx';
import { useOpens } from './use-opens.ts';

/** The state is read at the moment of use: two events may come before the field is drawn again. */
function useFieldState(): readonly [{ readonly current: FieldState }, (step: FieldStep) => void] {
  const state = useRef(UNTOUCHED);
  const [, redraw] = useState(UNTOUCHED);
  const step = (next: FieldStep): void => {
    state.current = afterStep(state.current, next);
    redraw(state.current);
  };
  return [state, step];
}

export function Field({ field, view, words, wanted, go, onWrong }: FieldProps): JSX.Element {
  const { call } = useCalls();
  const { settings } = view;
  const { path } = field;
  const id = useId();
  const [state, step] = useFieldState();
  const { typed, found, touched } = state.current;
  const now = settings.values[path];
  // What a search has found may stand in the longer one.
  const brief = words.length === 0 ? field.brief : undefined;
  const hint = found ?? hintOf({ ...field, hint: brief ?? field.hint }, view, touched);
  // A switch that is on can always be switched off.
  const locked = settings.locked[path] !== undefined || (needsKey(field, settings) && now !== true);
  const opened = hasEntries(field);
  const isList = opened || field.kind === 'keys';
  const wide = isList || field.kind === 'url' || field.kind === 'secret' || field.kind === 'multiline';

  /** Saves; what is refused is told here, with what was typed still in the field. */
  const save = async (value: unknown, text = asText(field, value)): Promise<boolean> => {
    step({ do: 'save' });
    try {
      await call('set_setting', { path, value });
      step({ do: 'saved', text, was: now });
      return true;
    } catch (error) {
      step({ do: 'refuse', text, sentence: sentenceOf(error) });
      return false;
    }
  };
  const undo = async (value: unknown): Promise<void> => {
    if (await save(value)) step({ do: 'saved', text: asText(field, value) });
  };
  const take = (text: string): void => {
    if (text === state.current.saving) return;
    const read = readText(field, text, settings);
    if (read === undefined) step({ do: 'leave' });
    else if ('wrong' in read) step({ do: 'refuse', text, sentence: read.wrong });
    else {
      step({ do: 'save', text });
      void save(read.value, text);
    }
  };
  const setTyped = (text: string | undefined): void => step({ do: 'type', text });
  const refuse = (sentence: string): void => step({ do: 'refuse', text: '', sentence });
  const text = typed ?? touched.wrong?.text ?? asText(field, now);
  const wrong = isWrong(field, settings, touched);
  useEffect(() => {
    onWrong(path, wrong);
    return () => onWrong(path, false);
  }, [onWrong, path, wrong]);
  const [isOpen, setOpen] = useOpens(wanted?.path === path ? wanted : wrong);
  const control = {
    field,
    view,
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
  const shown = !opened || isOpen;
  // What a search has found is seen in its words, whether its entries are shown or not.
  const told = shown || words.length > 0;
  const label = told ? (
    <>
      <Marked text={field.title} words={words} />
      <span class="key">
        <Marked text={path} words={words} />
      </span>
    </>
  ) : (
    t('settings.entries', { title: field.title, n: entriesOf(now) })
  );
  return (
    <div class={wide ? 'field wide' : 'field'} data-path={path}>
      {opened ? (
        <div class="row-act">
          <p id={id}>{label}</p>
          <button
            class="btn"
            type="button"
            aria-expanded={isOpen}
            aria-label={t(isOpen ? 'settings.hide_one' : 'settings.show_one', { title: field.title })}
            onClick={() => setOpen(!isOpen)}
          >
            {t(isOpen ? 'settings.hide' : 'settings.show')}
          </button>
        </div>
      ) : isList ? (
        <p id={id}>{label}</p>
      ) : (
        <label for={id}>{label}</label>
      )}
      {shown && (
        <div class="ctl">
          <Control {...control} />
          {field.kind === 'url' && (
            <TestConnection
              text={text}
              saved={text === asText(field, now)}
              show={(hint) => step({ do: 'find', hint })}
            />
          )}
        </div>
      )}
      {told && (
        <HintLine
          id={`${id}-h`}
          hint={hint}
          whole={brief === undefined ? undefined : hintText(field)}
          words={words}
          undo={undo}
          use={take}
          go={go}
        />
      )}
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
            // The switch shows the setting, which changes when it is saved.
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
    case 'rules':
      return <RulesControl {...props} />;
    case 'upstreams':
      return <UpstreamsControl {...props} />;
    case 'headers':
      return <HeadersControl {...props} />;
    case 'table':
      return <TableControl {...props} />;
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
      // A step to the button beside it does not end the editing.
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
