// How other machines reach this gateway: its address in the network, also for a camera, or what is missing for that.
import type { JSX } from 'preact';
import type { View } from '../../backend/contract/window/desktop.ts';
import { listed } from '../../words/figures.ts';
import { t } from '../../words/texts.ts';
import { Copied, useCopied } from '../parts/copy.tsx';
import { Icon, Section } from '../parts/parts.tsx';
import { useCalls } from '../parts/use-calls.ts';
import { keyNames, letIn } from './let-in.ts';
import { QrCode } from './qr-code.tsx';

/** Names of keys that stand in a sentence; the others are counted. */
const MOST_NAMES = 5;

export function OtherMachines({ view }: { readonly view: View }): JSX.Element {
  const { go } = useCalls();
  const state = letIn(view);
  const keys = keysWords(keyNames(view));
  const addKey = (
    <button class="btn plain" type="button" onClick={() => go('settings', { setting: 'server.api_keys' })}>
      {t('connect.add_key')}
    </button>
  );
  const change = (
    <button class="btn plain" type="button" onClick={() => go('settings', { setting: 'server.lan' })}>
      {t('connect.change')}
    </button>
  );
  return (
    <Section title={t('connect.other_machines')} end={change}>
      {state.is === 'open' ? (
        <div class="lan">
          <div class="gap">
            <p>
              <code>{state.address}</code>
            </p>
            <p class="quiet">{state.anonymous ? t('connect.lan_anonymous') : t('connect.lan_keys', { keys })}</p>
            <p class="btns">
              <CopyAddress address={state.address} />
              {addKey}
            </p>
          </div>
          <QrCode text={state.address} />
        </div>
      ) : (
        <div class="gap">
          <p class="quiet">{t(`connect.lan_${state.is}`, { keys })}</p>
          {state.is === 'needs_key' && <p class="btns">{addKey}</p>}
        </div>
      )}
    </Section>
  );
}

/** "2 keys: phone and laptop." */
function keysWords(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  const shown = [...names.slice(0, MOST_NAMES), ...(more > 0 ? [t('connect.more_keys', { n: more })] : [])];
  return t('connect.keys', { n: names.length, names: listed(shown) });
}

function CopyAddress({ address }: { readonly address: string }): JSX.Element {
  const { call } = useCalls();
  const [copied, copy] = useCopied(() => call('copy', { text: address }));
  return (
    <>
      <button class={copied ? 'btn did' : 'btn'} type="button" aria-label={t('connect.copy_address')} onClick={copy}>
        <span>{t('connect.copy_address')}</span>
        {copied && <Icon name="check" />}
      </button>
      <Copied yes={copied} />
    </>
  );
}
