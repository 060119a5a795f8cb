// Where the page begins: the bridge, the store and the app, put together once.
// oxlint-disable-next-line import/no-unassigned-import -- has to run before zod is loaded
import './parts/strict.ts';
import { render } from 'preact';
import { App } from './page.tsx';

const root = document.querySelector('#root');
if (root !== null) render(<App bridge={window.hearth} />, root);
