// A file that cannot be imported is told in the language of the window: the same in English as on the command line.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { ConfigFileError, readConfigFile } from '../../../../backend/config-file.ts';
import { unusableWords } from '../../../../main/settings/file-words.ts';
import { setLanguage } from '../../../../words/texts.ts';

const folder = mkdtempSync(join(tmpdir(), 'hearth-file-words-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => setLanguage('en'));
writeFileSync(join(folder, 'a.toml'), 'a = 1\nb = ');
writeFileSync(join(folder, 'a.json'), '{\n\n}}');
writeFileSync(join(folder, 'latin.json'), Buffer.from([0xe4]));

test.each([
  ['gone.toml', ': Diese Datei gibt es nicht.'],
  ['', ': Das ist ein Ordner, keine Datei.'],
  ['latin.json', ': Das ist kein Text in UTF-8.'],
  ['a.toml', ', Zeile 2: Das ist kein gültiges TOML.'],
  ['a.json', ', Zeile 3: Das ist kein gültiges JSON.'],
])('%s', async (name, german) => {
  const path = join(folder, name);
  const error = await readConfigFile(path).catch((thrown: unknown) => thrown);
  if (!(error instanceof ConfigFileError)) throw new Error('it was read');
  expect(unusableWords(error)).toBe(error.plain);
  setLanguage('de');
  expect(unusableWords(error)).toBe(path + german);
});
