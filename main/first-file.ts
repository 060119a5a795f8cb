// What Electron loads first. A packed program that is started with a command is the command line, the same hearth.mjs as
// without a desktop; all else is the app. Electron is ready, and wants a screen, only when this module has been read: a command
// is done before that.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { commandWords } from './command-words.ts';

const [program = '', ...args] = process.argv;
/** Arguments of an app that is not packed are for Electron: the project's folder is one. */
const isPacked = import.meta.dirname.includes('app.asar');
const words = isPacked ? commandWords(args) : undefined;
const file = join(import.meta.dirname, '..', 'desktop', words === undefined ? 'main.js' : 'hearth.mjs');
if (words !== undefined) process.argv = [program, file, ...words];
await import(pathToFileURL(file).href);
// It ends the process.
if (words !== undefined) await new Promise(() => undefined);
