// The tab Settings.
import type { JSX } from 'preact';
import type { View } from '../backend/contract/desktop.ts';
import type { Call } from './client.ts';

export function Settings(_props: { readonly view: View; readonly call: Call }): JSX.Element {
  return <section class="sec" />;
}
