// The page behind Overview that points apps at Hearth: the lines for each known app, those for any other, and how other machines
// get in.
import type { JSX } from 'preact';
import type { Stands } from '../../backend/contract/apps.ts';
import type { View } from '../../backend/contract/window/desktop.ts';
import { pieces, t } from '../../words/texts.ts';
import { beatOf } from '../parts/request-beat.ts';
import { AddressRows, type AddressRow } from '../parts/copy.tsx';
import { Section } from '../parts/parts.tsx';
import { useCalls } from '../parts/use-calls.ts';
import { AppList } from './app-list.tsx';
import { needsKeyHere } from './let-in.ts';
import { OtherMachines } from './other-machines.tsx';
import { appRows, seenToday } from './seen-words.ts';
import { useApps } from './use-apps.ts';

/** In the place of a key that only its owner has. */
const YOUR_KEY = 'YOUR_KEY';

interface ConnectProps {
  readonly view: View;
  readonly now: number;
}

export function Connect({ view, now }: ConnectProps): JSX.Element {
  const { gateway, live, settings } = view;
  const seen = useApps(live === null ? '' : beatOf(live));
  const needsKey = needsKeyHere(view);
  const stands: Stands = {
    gateway: gateway.addresses.gateway,
    openai: gateway.addresses.openai_base_url,
    model: String(settings.values['ollama.model']),
    key: needsKey ? YOUR_KEY : undefined,
  };
  const isListed = settings.values['log.list_max'] !== 0;
  const rows = appRows(seen ?? []);
  const note =
    seen !== undefined &&
    seen !== null &&
    isListed &&
    t('connect.seen_today', { n: seenToday(rows, now), all: rows.length });
  return (
    <div class="cols">
      <div>
        <Section title={t('connect.title')} end={note && <p class="sec-note">{note}</p>}>
          {needsKey && <p class="quiet said">{t('connect.needs_key', { key: YOUR_KEY })}</p>}
          {!isListed && <NotListed />}
          {seen !== undefined && <AppList seen={isListed ? seen : null} stands={stands} now={now} />}
        </Section>
      </div>
      <div>
        <Section title={t('connect.any_app')} end={null}>
          <AddressRows rows={anyApp(view)} />
        </Section>
        <OtherMachines view={view} />
      </div>
    </div>
  );
}

function anyApp({ gateway: { addresses } }: View): readonly AddressRow[] {
  const row = (label: string, variable: string, value: string): AddressRow => ({
    label,
    variable: `${variable}=`,
    value,
    name: t('connect.copy_variable', { variable }),
  });
  return [
    row(t('connect.ollama_clients'), 'OLLAMA_HOST', addresses.ollama_host),
    row(t('connect.openai_clients'), 'OPENAI_BASE_URL', addresses.openai_base_url),
    row(t('connect.anthropic_clients'), 'ANTHROPIC_BASE_URL', addresses.gateway),
  ];
}

function NotListed(): JSX.Element {
  const { go } = useCalls();
  const change = (
    <button class="link" type="button" onClick={() => go('settings', { setting: 'log.list_max' })}>
      {t('connect.change')}
    </button>
  );
  return <p class="quiet said">{pieces<string | JSX.Element>('connect.not_listed', { change })}</p>;
}
