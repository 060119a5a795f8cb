// What one field of the settings form goes through in this window: typed in, being saved, saved, refused. Pure, each step a
// function of the state before it; field.tsx takes the steps. What a typed text means, and what is said, is form.ts.
import type { Hint, Touched } from './form.ts';

export interface FieldState {
  /** What stands in a text field and is not saved; undefined: what the settings have. */
  readonly typed: string | undefined;
  /** The text that is being saved: leaving the field meanwhile must not save it once more. */
  readonly saving: string | undefined;
  /** What the test of the connection has found. */
  readonly found: Hint | undefined;
  /** What was saved or refused last. */
  readonly touched: Touched;
}

export const UNTOUCHED: FieldState = { typed: undefined, saving: undefined, found: undefined, touched: {} };

export type FieldStep =
  | { readonly do: 'type'; readonly text: string | undefined }
  /** It was left, and what was typed changes nothing. */
  | { readonly do: 'leave' }
  /** A save begins; `text`: what was typed for it, if it was. */
  | { readonly do: 'save'; readonly text?: string }
  /** `text`: the saved value as it stands in the field. Without a `was` there is nothing to undo. */
  | { readonly do: 'saved'; readonly text: string; readonly was?: unknown }
  | { readonly do: 'refuse'; readonly text: string; readonly sentence: string }
  | { readonly do: 'find'; readonly hint: Hint | undefined };

export function afterStep(state: FieldState, step: FieldStep): FieldState {
  switch (step.do) {
    case 'type':
      return { ...state, typed: step.text };
    case 'leave': {
      const { was } = state.touched;
      return { ...state, typed: undefined, found: undefined, touched: was === undefined ? {} : { was } };
    }
    case 'save':
      if (step.text === undefined) return { ...state, found: undefined };
      // It stays in the field until it is saved.
      return { ...state, typed: step.text, saving: step.text, found: undefined };
    case 'saved': {
      const touched = Object.hasOwn(step, 'was') ? { was: step.was } : {};
      // The settings have it now; what was typed since stays.
      return { ...without(state, step.text), touched };
    }
    case 'refuse': {
      const { text, sentence } = step;
      return { ...without(state, text), typed: undefined, found: undefined, touched: { wrong: { text, sentence } } };
    }
    case 'find':
      return { ...state, found: step.hint };
  }
}

/** The state when the save of a text is over. */
function without({ typed, saving, ...state }: FieldState, text: string): FieldState {
  return { ...state, typed: typed === text ? undefined : typed, saving: saving === text ? undefined : saving };
}
