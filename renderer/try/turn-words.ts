// What a turn says below its answer: where that came from, and how it ended. Pure.
import type { Live } from '../../backend/contract/views/app-state.ts';
import type { TurnView } from '../../backend/contract/window/talk.ts';
import { t } from '../../words/texts.ts';
import type { SourceName } from '../parts/parts.tsx';
import { moment } from '../parts/words.ts';

export interface Origin {
  readonly mark: SourceName;
  readonly words: string;
}

/** Where an answer comes from; undefined until the gateway has said it. `live`: where a request stands that has no answer yet. */
export function originOf(turn: TurnView, live: Live | null, now: number): Origin | undefined {
  const { state, source, tokens, kept_at: keptAt, run_of: runOf } = turn;
  const n = tokens ?? 0;
  if (state === 'failed') return { mark: 'failed', words: t('try.failed', { n }) };
  if (state === 'stopped') return { mark: 'cancelled', words: t('try.stopped', { n }) };
  switch (source) {
    case null:
      return undefined;
    case 'hit':
      return {
        mark: source,
        words: keptAt === null ? t('try.hit') : t('try.hit_kept', { time: moment(Date.parse(keptAt), now) }),
      };
    case 'coalesced':
      // '' where it is not known whose run it is.
      return { mark: source, words: runOf ? t('try.coalesced_with', { app: runOf }) : t('try.coalesced') };
    case 'miss':
    case 'bypass':
      return { mark: source, words: t(`try.${phaseOf(turn, live)}`, { source }) };
  }
}

function phaseOf({ state, answer, thinking, request_id }: TurnView, live: Live | null) {
  if (state === 'answered') return 'worked';
  if (answer + thinking !== '' || live === null) return 'works';
  if (live.queue.waiting.some((entry) => entry.request_id === request_id)) return 'waits';
  const entry = live.queue.running.find((running) => running.request_id === request_id);
  return entry?.phase === 'loading' ? 'loads' : 'works';
}
