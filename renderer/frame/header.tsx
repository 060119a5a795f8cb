// The header: mark, sentence, second line with the address to copy, the next step, the tabs, and the fire line.
// What they say is decided in status.ts.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../../words/texts.ts';
import { useCalls, useReportedAction } from '../parts/use-calls.ts';
import { Copy } from '../parts/copy.tsx';
import { Burn, Mark } from '../parts/parts.tsx';
import type { HeaderButton, HeaderView } from '../parts/status.ts';

interface HeaderProps {
  readonly header: HeaderView;
  readonly address: string;
  readonly demo: boolean;
  /** The tabs. */
  readonly children: ComponentChildren;
}

export function Header({ header, address, demo, children }: HeaderProps): JSX.Element {
  const { button } = header;
  return (
    <header class="head">
      <div class="status">
        <Mark name={header.mark} />
        <p class="status-line">
          {header.line}
          {header.badge !== null && <span class="tag mode">{header.badge}</span>}
          {demo && (
            <span class="tag mode" title={t('frame.demo_means')}>
              {t('frame.demo')}
            </span>
          )}
        </p>
        {button !== null && <NextStep button={button} />}
        <p class="status-sub">
          <span>{header.more === '' ? null : header.more}</span>
          <Copy text={address} what={t('frame.address')} />
        </p>
      </div>
      <p class="sr" role="status">
        {useSettled(header.say)}
      </p>
      {children}
      <Burn kind="fire" left={header.left} label={header.fire} />
    </header>
  );
}

function NextStep({ button }: { readonly button: HeaderButton }): JSX.Element {
  const { call, go } = useCalls();
  const { run, busy } = useReportedAction();
  const { label, step, primary } = button;
  const press = (): void => {
    if (step === undefined) return;
    if ('tab' in step) go(step.tab);
    else run(() => call(step.command, step.input));
  };
  return (
    <button
      class={primary === true && !busy ? 'btn primary' : 'btn'}
      type="button"
      aria-disabled={busy || step === undefined}
      onClick={press}
    >
      {label}
    </button>
  );
}

const SETTLED_AFTER_MS = 1000;

/** A text once it has stood for a second: a state that lasts less is not worth being read out. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), SETTLED_AFTER_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
