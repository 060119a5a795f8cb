// The tab Overview.
import type { JSX } from 'preact';
import type { View } from '../backend/contract/desktop.ts';

export function Overview(_props: { readonly view: View; readonly now: number }): JSX.Element {
  return <section class="sec" />;
}
