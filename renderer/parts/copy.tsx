// Everything that is copied by a press: addresses, commands, lines to paste. The text goes to the clipboard by way of main.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { GatewayView } from '../../backend/contract/window/desktop.ts';
import { t } from '../../words/texts.ts';
import { useCalls } from './use-calls.ts';
import { Icon } from './parts.tsx';

const CHECK_MS = 1500;

/** Copies a text, and is true for a moment after it worked. */
function useCopy(text: string): readonly [copied: boolean, copy: () => void] {
  const { call } = useCalls();
  return useCopied(() => call('copy', { text }));
}

/** Has something put on the clipboard, and is true for a moment after it worked. */
export function useCopied(put: () => Promise<unknown>): readonly [copied: boolean, copy: () => void] {
  const { report } = useCalls();
  const [copied, setCopied] = useState(0);
  useEffect(() => {
    if (copied === 0) return undefined;
    const timer = setTimeout(() => setCopied(0), CHECK_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = (): void => {
    put().then(
      () => setCopied((n) => n + 1),
      (error: unknown) => report(error, copy),
    );
  };
  return [copied > 0, copy];
}

/** Tells it to those who cannot see the check. */
export const Copied = ({ yes }: { readonly yes: boolean }): JSX.Element => (
  <span class="sr" role="status">
    {yes && t('parts.copied')}
  </span>
);

/** A text that is copied by pressing it. */
export function Copy({ text, what }: { readonly text: string; readonly what: string }): JSX.Element {
  const [copied, copy] = useCopy(text);
  return (
    <>
      <button class="copy" type="button" aria-label={t('parts.copy_what', { text, what })} onClick={copy}>
        {text}
        <Icon name={copied ? 'check' : 'copy'} />
      </button>
      <Copied yes={copied} />
    </>
  );
}

/** A button that copies what stands beside it; `name` says what, as in "Copy the command". */
export function CopyButton({ text, name }: { readonly text: string; readonly name: string }): JSX.Element {
  const [copied, copy] = useCopy(text);
  return (
    <>
      <button class="btn icon" type="button" aria-label={name} title={t('parts.copy')} onClick={copy}>
        <Icon name={copied ? 'check' : 'copy'} />
      </button>
      <Copied yes={copied} />
    </>
  );
}

/** A command to be typed elsewhere. */
export function CommandLine({ text }: { readonly text: string }): JSX.Element {
  return (
    <p class="cmd">
      <code>{text}</code>
      <CopyButton text={text} name={t('parts.copy_command')} />
    </p>
  );
}

/** A line to paste, as it is shown: what it is for, perhaps a variable with its "=", a value, and the name of its button. */
export interface AddressRow {
  readonly label: string;
  readonly variable: string;
  readonly value: string;
  readonly name: string;
}

/** The lines to paste into other programs. */
export function Addresses(props: { readonly addresses: GatewayView['addresses'] }): JSX.Element {
  const { gateway, ollama_host, openai_base_url, lan } = props.addresses;
  const copyOf = (name: string): string => t('parts.copy_variable', { name });
  const rows: readonly AddressRow[] = [
    { label: t('parts.any_app'), variable: '', value: gateway, name: t('parts.copy_gateway') },
    { label: t('parts.ollama_clients'), variable: 'OLLAMA_HOST=', value: ollama_host, name: copyOf('OLLAMA_HOST') },
    {
      label: t('parts.openai_clients'),
      variable: 'OPENAI_BASE_URL=',
      value: openai_base_url,
      name: copyOf('OPENAI_BASE_URL'),
    },
    ...(lan === null
      ? []
      : [
          {
            label: t('parts.other_machines'),
            variable: '',
            value: lan,
            name: t('parts.copy_lan'),
          },
        ]),
  ];
  return <AddressRows rows={rows} />;
}

export function AddressRows({ rows }: { readonly rows: readonly AddressRow[] }): JSX.Element {
  return (
    <dl class="addr">
      {rows.map(({ label, variable, value, name }) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>
            <code>
              {/* Preact would write an empty text anew each time. */}
              {variable !== '' && (
                <>
                  {variable}
                  <wbr />
                </>
              )}
              {value}
            </code>
          </dd>
          <dd class="act">
            <CopyButton text={variable + value} name={name} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
