// The day, or another range, as the window has it: asked for at once, and again each second while somebody can see it.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { DayView } from '../../backend/contract/window/look-commands.ts';
import type { SpanWord } from '../../backend/contract/views/spans.ts';
import { useCalls } from '../parts/use-calls.ts';

/** Of the range that was asked for last; until that has come, of the one before. Undefined until the first has come. */
export function useDay(span: SpanWord, now: number): DayView | undefined {
  const { call } = useCalls();
  const [view, setView] = useState<DayView>();
  const asked = useRef<SpanWord>(undefined);
  const second = Math.floor(now / 1000);
  useEffect(() => {
    if (document.hidden || asked.current === span) return;
    asked.current = span;
    const settle = (): void => {
      if (asked.current === span) asked.current = undefined;
    };
    call('day', { span }).then(
      (answer) => {
        if (asked.current === span) setView(answer);
        settle();
      },
      // The gateway has ended meanwhile, which the whole tab then says.
      settle,
    );
  }, [call, span, second]);
  return view;
}
