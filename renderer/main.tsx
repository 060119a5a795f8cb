// Where the page begins: the bridge, the store and the app, put together once.
// oxlint-disable-next-line import/no-unassigned-import -- has to run before zod is loaded
import './parts/strict.ts';
import { render } from 'preact';
import { isLanguage } from '../words/texts.ts';
import { App } from './page.tsx';
import { speak } from './parts/speak.ts';

const asked = new URLSearchParams(location.search).get('language') ?? '';
speak(isLanguage(asked) ? asked : 'en');

const root = document.querySelector('#root');
if (root !== null) render(<App bridge={window.hearth} />, root);
