// Whether a packed program is the app or the command line.
import { expect, test } from 'vitest';
import { commandWords } from '../../../main/command-words.ts';

test.each([
  [['serve', '--port', '0']],
  [
    ['--no-sandbox', '--no-zygote', 'doctor', '--no-sandbox'],
    ['doctor', '--no-sandbox'],
  ],
  [['--version']],
  [['--no-sandbox', '--help']],
])('%j is for the command line', (args, words = args.filter((word) => word !== '--no-sandbox')) => {
  expect(commandWords(args)).toEqual(words);
});

test.each([[[]], [['--hidden']], [['--no-sandbox']], [['--no-sandbox', '--remote-debugging-port=1', 'serve']]])(
  '%j is the app',
  (args) => {
    expect(commandWords(args)).toBeUndefined();
  },
);
