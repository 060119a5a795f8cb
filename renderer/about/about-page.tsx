// The page "Log and about", behind Settings: which Hearth this is and what it runs on, newer releases, and the log.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { CommandOutput, View } from '../../backend/contract/window/desktop.ts';
import { Copied, useCopied } from '../parts/copy.tsx';
import { useCalls, useReportedAction } from '../parts/use-calls.ts';
import { bytes, clockDuration, NOTHING } from '../parts/words.ts';
import { t } from '../../words/texts.ts';
import { LogPart } from './log-part.tsx';
import { Release } from './release.tsx';

type About = CommandOutput<'about'>;

interface PageProps {
  readonly view: View;
  readonly now: number;
}

export function AboutPage({ view, now }: PageProps): JSX.Element {
  return (
    <div class="cols log-side">
      <div>
        <Which view={view} now={now} />
      </div>
      <div>
        <LogPart level={view.settings.values['log.level']} now={now} />
      </div>
    </div>
  );
}

function Which({ view, now }: PageProps): JSX.Element {
  const { call } = useCalls();
  const { run } = useReportedAction();
  const about = useAbout();
  const open = (what: 'data' | 'licences') => () => run(() => call('open', { what }));
  const rows = factsOf(view, about, now);
  const [copied, copy] = useCopied(() => call('copy', { text: detailsOf(view, about, rows) }));
  return (
    <section class="sec" aria-labelledby="h-about">
      <h2 id="h-about" class="sr">
        {t('about.about')}
      </h2>
      <div class="rowend">
        <div class="who about-who">
          <p class="name">{t('about.hearth', { version: view.app.version })}</p>
          <Release updates={view.updates} now={now} />
        </div>
        <button class="btn" type="button" onClick={copy}>
          {t('about.copy_details')}
        </button>
        <Copied yes={copied} />
      </div>
      <dl class="facts about">
        {rows.map(([name, value]) => (
          <Fact key={name} name={name}>
            {value}
          </Fact>
        ))}
        <Fact name={t('about.data')}>
          {about === undefined ? NOTHING : <code>{about.data_folder}</code>}
          {about !== undefined && `, ${bytes(about.data_bytes)} `}
          <button class="link" type="button" onClick={open('data')}>
            {t('about.open_folder')}
          </button>
        </Fact>
        <Fact name={t('about.licence')}>
          {t('about.mit')}{' '}
          <button class="link" type="button" onClick={open('licences')}>
            {t('about.licences')}
          </button>
        </Fact>
      </dl>
    </section>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** Asked once, when the page is shown; undefined before the answer. */
function useAbout(): About | undefined {
  const { call, report } = useCalls();
  const [about, setAbout] = useState<About>();
  useEffect(() => {
    let isOver = false;
    call('about', {}).then(
      (told) => !isOver && setAbout(told),
      (error: unknown) => !isOver && report(error),
    );
    return () => {
      isOver = true;
    };
  }, [call, report]);
  return about;
}

type Row = readonly [name: string, value: string];

/** What this Hearth stands in front of and on, in the order shown. */
function factsOf({ live, gateway }: View, about: About | undefined, now: number): readonly Row[] {
  const since = gateway.since === null ? undefined : Date.parse(gateway.since);
  return [
    [t('about.ollama'), ollamaWords(live?.health.upstream)],
    [t('about.running_for'), since === undefined ? t('about.not_running') : clockDuration(now - since)],
    [t('about.system'), about?.system ?? NOTHING],
    ['Electron', about?.electron ?? NOTHING],
    ['Node', about?.node ?? NOTHING],
  ];
}

function ollamaWords(upstream: NonNullable<View['live']>['health']['upstream'] | undefined): string {
  if (upstream === undefined) return NOTHING;
  const { url, version, reachable } = upstream;
  const at = url.replace(/^http:\/\/|\/$/g, '');
  if (!reachable) return t('about.ollama_away', { at });
  return version === null ? t('about.ollama_unknown', { at }) : t('about.ollama_at', { version, at });
}

/** As text to paste into a report: without the name of the user's folder. */
function detailsOf({ app }: View, about: About | undefined, rows: readonly Row[]): string {
  const size: readonly Row[] = about === undefined ? [] : [[t('about.data'), bytes(about.data_bytes)]];
  const lines = [...rows, ...size].map(([name, value]) => `${name}: ${value}`);
  return [t('about.hearth', { version: app.version }), ...lines].join('\n');
}
