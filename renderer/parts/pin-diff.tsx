// What is kept the same in a prompt, laid out: as it was sent, as it goes up, and what is told at its end.
import type { JSX } from 'preact';
import type { PinDiff, PinPiece } from '../../backend/contract/rules/pin-rule.ts';
import { t } from '../../words/texts.ts';

export function PinDiffLines({ diff: { sent, now, end } }: { readonly diff: PinDiff }): JSX.Element {
  return (
    <ul class="diff">
      <Line label={t('prompts.as_came')} pieces={sent} />
      <Line label={t('prompts.goes_up')} pieces={now} />
      {end !== undefined && <Line label={t('prompts.at_end')} pieces={[{ text: end, differs: true }]} />}
    </ul>
  );
}

function Line({ label, pieces }: { readonly label: string; readonly pieces: readonly PinPiece[] }): JSX.Element {
  return (
    <li>
      <span class="said-by">{label}</span>
      <span>{pieces.map(({ text, differs }, i) => (differs === true ? <mark key={i}>{text}</mark> : text))}</span>
    </li>
  );
}
