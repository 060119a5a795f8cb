// One field of the settings form: the control that fits its kind, its label and key, and what is said below it.
import type { JSX } from 'preact';
import { useId, useRef, useState } from 'preact/hooks';
import type { FieldInfo } from '../backend/contract/config.ts';
import type { View } from '../backend/contract/desktop.ts';
import { useCalls } from './actions.ts';
import { sentenceOf } from './client.ts';
import { ListControl } from './field-list.tsx';
import { asText, hintOf, modelChoices, needsKey, readText, unitOf, type Hint, type Touched } from './form.ts';
import { KeysControl } from './keys.tsx';
import { Icon, type IconName } from './parts.tsx';
import { duration, plural } from './words.ts';

interface FieldProps {
  readonly field: FieldInfo;
  readonly view: View;
  /** Shows another setting, by its dotted path. */
  readonly go: (path: string) => void;
}

export function Field({ field, view, go }: FieldProps): JSX.Element {
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
  const hint = found ?? hintOf(field, settings, touched);
  // What is on can always be switched off.
  const locked = settings.locked[path] !== undefined || (needsKey(field, settings) && now !== true);
  const isList = field.kind === 'list' || field.kind === 'keys';
  const wide = isList || field.kind === 'url' || field.kind === 'multiline';

  /** Saves; what is refused is told here, with what was typed still in the field. */
  const save = async (value: unknown, text = asText(value)): Promise<boolean> => {
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
  const text = typed ?? touched.wrong?.text ?? asText(now);
  const control = { field, view, go, id, describedBy: `${id}-h`, locked, touched, text, setTyped, take, save };
  return (
    <div class={wide ? 'field wide' : 'field'} data-path={path}>
      {isList ? (
        <p id={id}>
          {field.title}
          <span class="key">{path}</span>
        </p>
      ) : (
        <label for={id}>
          {field.title}
          <span class="key">{path}</span>
        </label>
      )}
      <div class="ctl">
        <Control {...control} />
        {field.kind === 'url' && <Test view={view} path={path} text={text} show={setFound} />}
      </div>
      <HintLine id={`${id}-h`} hint={hint} undo={undo} go={go} />
    </div>
  );
}

export interface ControlProps extends FieldProps {
  readonly id: string;
  readonly describedBy: string;
  readonly locked: boolean;
  readonly touched: Touched;
  /** What stands in a text field. */
  readonly text: string;
  readonly setTyped: (text: string | undefined) => void;
  readonly take: (text: string) => void;
  readonly save: (value: unknown) => Promise<boolean>;
}

function Control(props: ControlProps): JSX.Element {
  const { field, view, id, describedBy, locked, save } = props;
  const now = view.settings.values[field.path];
  const common = { id, 'aria-describedby': describedBy };
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
            value={asText(now)}
            aria-disabled={locked}
            onMouseDown={(event) => locked && event.preventDefault()}
            onChange={({ currentTarget }) => {
              const { value } = currentTarget;
              if (locked) currentTarget.value = asText(now);
              else void save(value).then((saved) => saved || (currentTarget.value = asText(now)));
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
    case 'number':
    case 'text':
    case 'url':
    case 'multiline':
      return <TextControl {...props} />;
  }
}

function TextControl(props: ControlProps): JSX.Element {
  const { field, view, id, describedBy, locked, touched, text, setTyped, take } = props;
  const now = asText(view.settings.values[field.path]);
  const common = {
    id,
    'aria-describedby': describedBy,
    'aria-invalid': touched.wrong !== undefined,
    readOnly: locked,
    value: text,
    onInput: ({ currentTarget }: { readonly currentTarget: { readonly value: string } }) =>
      setTyped(currentTarget.value),
    onBlur: () => text !== now && text !== touched.wrong?.text && take(text),
  };
  if (field.kind === 'multiline') return <textarea {...common} rows={3} />;
  const unit = unitOf(field);
  return (
    <>
      <input
        {...common}
        type="text"
        inputMode={field.kind === 'number' ? 'numeric' : field.kind === 'url' ? 'url' : 'text'}
        spellcheck={false}
        autocomplete="off"
        onKeyDown={({ key }) => {
          if (key === 'Enter') take(text);
          if (key === 'Escape') take(now);
        }}
      />
      {field.kind === 'number' && <span class={unit.length > 2 ? 'unit long' : 'unit'}>{unit}</span>}
    </>
  );
}

const HINT_ICONS: Readonly<Partial<Record<Hint['kind'], IconName>>> = {
  saved: 'check',
  wrong: 'alert',
  locked: 'lock',
  restart: 'restart',
};

interface HintLineProps {
  readonly id: string;
  readonly hint: Hint;
  readonly undo: (value: unknown) => Promise<void>;
  readonly go: (path: string) => void;
}

function HintLine({ id, hint, undo, go }: HintLineProps): JSX.Element {
  const { kind, text, code, after, undo: before, first } = hint;
  const icon = HINT_ICONS[kind];
  return (
    <p class={kind === 'wrong' ? 'hint bad' : 'hint'} id={id} role={kind === 'wrong' ? 'alert' : undefined}>
      {icon !== undefined && <Icon name={icon} />} {text}
      {code !== undefined && (
        <>
          {' '}
          <code>{code}</code> {after}
        </>
      )}
      {before !== undefined && (
        <>
          {' '}
          <button class="link" type="button" onClick={() => void undo(before.value)}>
            Undo
          </button>
        </>
      )}
      {first !== undefined && (
        <>
          {' '}
          <button class="link" type="button" onClick={() => go(first.path)}>
            {first.label}
          </button>
        </>
      )}
    </p>
  );
}

interface TestProps {
  readonly view: View;
  readonly path: string;
  readonly text: string;
  readonly show: (hint: Hint | undefined) => void;
}

/** Asks the Ollama at the address, and says what it has. */
function Test({ text, show }: TestProps): JSX.Element {
  const { call } = useCalls();
  const [busy, setBusy] = useState(false);
  const test = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    show(undefined);
    try {
      const { version, latency_ms, models } = await call('test_connection', { url: text });
      const list = models.length === 0 ? '' : `: ${models.slice(0, 12).join(', ')}${models.length > 12 ? ', …' : ''}`;
      show({
        kind: 'saved',
        text: `Reached in ${duration(latency_ms)}. Version ${version}, ${plural(models.length, 'model')}${list}.`,
      });
    } catch (error) {
      show({ kind: 'wrong', text: sentenceOf(error) });
    } finally {
      setBusy(false);
    }
  };
  return (
    <button class="btn" type="button" aria-disabled={busy} onClick={() => void test()}>
      Test
    </button>
  );
}
