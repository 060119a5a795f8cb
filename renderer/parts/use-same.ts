// Figures come four times a second, and most of what is shown says the same each time: what is given the same object again is
// not drawn again.
import { useRef } from 'preact/hooks';

/** The value from before while it says the same: plain data, compared as JSON. */
export function useSame<Value>(value: Value): Value {
  const words = JSON.stringify(value);
  const kept = useRef({ value, words });
  if (kept.current.words !== words) kept.current = { value, words };
  return kept.current.value;
}
