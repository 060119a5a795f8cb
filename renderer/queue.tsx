// The tab Queue.
import type { JSX } from 'preact';
import type { View } from '../backend/contract/desktop.ts';

export function Queue(_props: { readonly view: View; readonly now: number }): JSX.Element {
  return <section class="sec" />;
}
