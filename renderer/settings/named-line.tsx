// A line that adds a name with its value to a setting that is a table by name.
import type { JSX, RefObject } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { t } from '../../words/texts.ts';
import type { ControlProps } from './control-props.ts';

/** What is typed into the line. */
export interface NamedLine {
  readonly name: string;
  readonly value: string;
  /** Where the name is typed. */
  readonly first: RefObject<HTMLInputElement | null>;
  type(typed: { readonly name?: string; readonly value?: string }): void;
  /** Puts these there, to be typed further. */
  fill(name: string, value: string): void;
}

/** A line with nothing typed into it. */
export function useNamedLine(): NamedLine {
  const [typed, setTyped] = useState({ name: '', value: '' });
  const first = useRef<HTMLInputElement>(null);
  return {
    ...typed,
    first,
    type: (part) => setTyped((before) => ({ ...before, ...part })),
    fill(name, value) {
      setTyped({ name, value });
      first.current?.focus();
    },
  };
}

/** What the second field is for. */
interface ValueField {
  /** Whether what is typed is shown as dots. */
  readonly secret?: boolean;
  readonly label: string;
  readonly placeholder: string;
}

interface Props extends Pick<ControlProps, 'field' | 'wrong'> {
  readonly line: NamedLine;
  /** What has the name: "a header". */
  readonly item: string;
  readonly value: ValueField;
  readonly add: () => Promise<void>;
}

export function NamedLineRow({ field, wrong, line, item, value, add }: Props): JSX.Element {
  const onEnter = ({ key }: { readonly key: string }): void => void (key === 'Enter' && add());
  const { secret = false, label, placeholder } = value;
  return (
    <li>
      <input
        ref={line.first}
        type="text"
        aria-invalid={wrong && line.name !== ''}
        aria-label={t('settings.name_of', { item, title: field.title })}
        placeholder={t('settings.name')}
        value={line.name}
        spellcheck={false}
        autocomplete="off"
        onInput={({ currentTarget }) => line.type({ name: currentTarget.value })}
        onKeyDown={onEnter}
      />
      <input
        {...(secret ? { type: 'password' } : { type: 'text' })}
        aria-invalid={wrong && line.value !== ''}
        aria-label={label}
        placeholder={placeholder}
        value={line.value}
        spellcheck={false}
        autocomplete="off"
        onInput={({ currentTarget }) => line.type({ value: currentTarget.value })}
        onKeyDown={onEnter}
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
  );
}
