// The log as it is written: its last lines by level, following the newest unless somebody reads further up.
import type { JSX } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { LINE_LEVELS, type LineLevel } from '../../backend/contract/window/about-commands.ts';
import { Copied, useCopied } from '../parts/copy.tsx';
import { useCalls, useReportedAction } from '../parts/use-calls.ts';
import { moment } from '../parts/words.ts';
import { t } from '../../words/texts.ts';
import { asText, clockOf, isWritten, shownOf, type HeldLine } from './log-lines.ts';
import { useLog } from './use-log.ts';

/** So far from the end is still the end. Pixels. */
const NEAR = 8;

interface LogProps {
  /** log.level: what is written at all. */
  readonly level: unknown;
  readonly now: number;
}

export function LogPart({ level, now }: LogProps): JSX.Element {
  const { call, go } = useCalls();
  const { run } = useReportedAction();
  const held = useLog();
  const [least, setLeast] = useState<LineLevel>('info');
  const [follows, setFollows] = useState(true);
  const shown = useMemo(() => shownOf(held ?? [], least), [held, least]);
  const [copied, copy] = useCopied(() => call('copy', { text: asText(shown) }));
  const first = shown.find(({ at }) => at !== null)?.at ?? undefined;
  return (
    <section class="sec" aria-labelledby="h-log">
      <div class="sec-head">
        <h2 id="h-log">{t('about.log')}</h2>
        {first !== undefined && (
          <p class="sec-note">{t('about.lines', { n: shown.length, time: moment(Date.parse(first), now) })}</p>
        )}
      </div>
      <div class="logbar">
        <Least least={least} setLeast={setLeast} />
        <label class="check">
          <input
            class="switch"
            type="checkbox"
            role="switch"
            checked={follows}
            onChange={(event) => setFollows(event.currentTarget.checked)}
          />
          <span>{t('about.follow')}</span>
        </label>
        <span class="btns push">
          <button class="btn plain" type="button" onClick={() => run(() => call('open', { what: 'log_file' }))}>
            {t('about.open_file')}
          </button>
          <button
            class="btn"
            type="button"
            aria-label={t('about.copy_lines')}
            aria-disabled={shown.length === 0}
            onClick={() => shown.length > 0 && copy()}
          >
            {t('about.copy')}
          </button>
          <Copied yes={copied} />
        </span>
      </div>
      {!isWritten(least, level) && (
        <p class="quiet">
          {t('about.not_written', { level: String(level) })}{' '}
          <button class="link" type="button" onClick={() => go('settings', { setting: 'log.level' })}>
            {t('about.change')}
          </button>
        </p>
      )}
      {held !== undefined && shown.length === 0 ? (
        <p class="quiet">{t('about.no_lines')}</p>
      ) : (
        <Lines lines={shown} follows={follows} leave={() => setFollows(false)} />
      )}
    </section>
  );
}

interface LeastProps {
  readonly least: LineLevel;
  readonly setLeast: (level: LineLevel) => void;
}

/** Levels are words of the log's own, in every language. */
function Least({ least, setLeast }: LeastProps): JSX.Element {
  return (
    <span class="pick fit">
      <label class="sr" for="log-least">
        {t('about.least')}
      </label>
      <select id="log-least" value={least} onChange={(event) => setLeast(event.currentTarget.value as LineLevel)}>
        {LINE_LEVELS.map((level) => (
          <option key={level} value={level}>
            {level === 'error' ? t('about.error_only') : t('about.and_above', { level })}
          </option>
        ))}
      </select>
    </span>
  );
}

interface LinesProps {
  readonly lines: readonly HeldLine[];
  readonly follows: boolean;
  /** Somebody has scrolled up. */
  readonly leave: () => void;
}

function Lines({ lines, follows, leave }: LinesProps): JSX.Element {
  const list = useRef<HTMLOListElement>(null);
  const top = useRef(0);
  useLayoutEffect(() => {
    const { current } = list;
    if (!follows || current === null) return undefined;
    const toEnd = (): void => {
      current.scrollTop = current.scrollHeight;
    };
    toEnd();
    // In a window of another size the end is elsewhere.
    const sized = new ResizeObserver(toEnd);
    sized.observe(current);
    return () => sized.disconnect();
  }, [lines, follows]);
  const onScroll = (): void => {
    const { current } = list;
    if (current === null) return;
    const isUp = current.scrollTop < top.current;
    top.current = current.scrollTop;
    // What grows or gets lower has its end further down, and nobody has scrolled.
    if (isUp && current.scrollHeight - current.clientHeight - current.scrollTop > NEAR) leave();
  };
  return (
    <ol class="log" aria-label={t('about.log_lines')} tabIndex={0} ref={list} onScroll={onScroll}>
      {lines.map((line) => (
        <li key={line.n} class={line.level}>
          <time dateTime={line.at ?? undefined}>{clockOf(line)}</time>
          <span class="lv">{line.level}</span>
          <span class="msg">{line.text}</span>
        </li>
      ))}
    </ol>
  );
}
