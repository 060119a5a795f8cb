// What is said of a download: how far it is, how fast, how long still, and why it stopped. Pure.
import type { PullFailure, PullView } from '../../backend/contract/views/pull-view.ts';
import { t } from '../../words/texts.ts';
import { bytes, NOTHING, percent, roughly, THIN } from './words.ts';

/** After so long without a byte that is said in the place of the speed. Milliseconds. */
const SILENT_MS = 10_000;

/** Its name, of several machines with that of the one that it is for: "qwen3:8b on desktop". */
export function pullName({ model, upstream }: Pick<PullView, 'model' | 'upstream'>): string {
  return upstream === undefined ? model : t('models.pull_on', { model, machine: upstream });
}

/** Which download it is, for those who tell it: the machine too, where it is for one of several. */
export function whichPull({ model, upstream }: Pick<PullView, 'model' | 'upstream'>) {
  return upstream === undefined ? { model } : { model, upstream };
}

export interface PullWords {
  readonly first: string;
  readonly second: string;
  /** How much is here, 0 to 1; undefined while nothing is known of it. */
  readonly share: number | undefined;
  /** The same for screen readers. */
  readonly label: string;
}

export function pullWords(pull: PullView): PullWords {
  const { completed, total } = pull;
  const model = pullName(pull);
  const share = completed === null || total === null || total === 0 ? undefined : completed / total;
  const label =
    share === undefined
      ? t('models.label_pull', { model })
      : t('models.label_pulled', { model, share: percent(Math.floor(share * 100) / 100) });
  return { ...lines(pull), share, label };
}

function lines(pull: PullView): { readonly first: string; readonly second: string } {
  const { state, completed, total, failure } = pull;
  const why = failure === null ? '' : whyWords(failure);
  const here = completed === null || total === null ? undefined : bytesOf(completed, total);
  switch (state) {
    case 'running':
      return runningLines(pull, here);
    case 'failed':
      return {
        first: here === undefined ? t('models.pull_failed') : t('models.pull_stopped_at', { here }),
        second: why,
      };
    case 'paused':
      return {
        first: here === undefined ? t('models.pull_paused') : t('models.pull_paused_at', { here }),
        second: t('models.pull_kept'),
      };
    case 'waiting':
      return failure === null
        ? { first: t('models.pull_waits'), second: here ?? NOTHING }
        : { first: t('models.pull_goes_on'), second: why };
  }
}

function runningLines(
  { phase, bytes_per_s, left_ms, silent_ms }: PullView,
  here: string | undefined,
): { readonly first: string; readonly second: string } {
  if (phase === 'checking') return { first: t('models.pull_checking'), second: here ?? NOTHING };
  if (phase === 'installing') return { first: t('models.pull_installing'), second: here ?? NOTHING };
  if (here === undefined || phase === 'looking') return { first: t('models.pull_looking'), second: here ?? NOTHING };
  const silent = silent_ms !== null && silent_ms >= SILENT_MS;
  return {
    first: left_ms === null ? here : t('models.pull_left', { here, time: roughly(left_ms) }),
    second: silent
      ? t('models.pull_silent', { time: roughly(silent_ms) })
      : bytes_per_s === null
        ? NOTHING
        : t('models.pull_speed', { size: bytes(bytes_per_s) }),
  };
}

/** What Ollama said is quoted as it is. */
function whyWords({ kind, said }: PullFailure): string {
  switch (kind) {
    case 'other':
      return said;
    default:
      return t(`models.why_${kind}`, { said });
  }
}

/** "3.1 of 5.2 GB": the unit stands once where both have the same. */
export function bytesOf(part: number, whole: number): string {
  const [figure = '', unit = ''] = bytes(part).split(THIN);
  const all = bytes(whole);
  const here = all.endsWith(THIN + unit) ? figure : `${figure}${THIN}${unit}`;
  return t('models.of', { here, all });
}
