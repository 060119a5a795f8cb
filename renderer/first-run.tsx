// The page of the first run: everything inside `.app`, so header, main and the dock with "Done".
import type { JSX } from 'preact';
import type { View } from '../backend/contract/desktop.ts';
import type { Call } from './client.ts';

export function FirstRun(_props: { readonly view: View; readonly call: Call }): JSX.Element {
  return <main class="scroll" />;
}
