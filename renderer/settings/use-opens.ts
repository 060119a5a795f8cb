// Whether a part of the form that can be opened is open: by hand, and whenever something in it is to be seen.
import { useState } from 'preact/hooks';

/** Why a part is to be open: a wish for what is in it, or that something in it is wrong. Another reason opens it again. */
export type Opens = { readonly path: string } | boolean;

export function useOpens(opens: Opens): readonly [open: boolean, setOpen: (open: boolean) => void] {
  const [open, setOpen] = useState(opens !== false);
  const [before, setBefore] = useState(opens);
  // During this render: the caller scrolls to the setting right after it.
  if (opens !== before) {
    setBefore(opens);
    if (opens !== false) setOpen(true);
  }
  return [open, setOpen];
}
