// What is said of an app of contract/apps.ts beside its lines: where they belong, and what else to know.
import { fields } from '../backend/contract/config/config.ts';
import { inOwnWords } from './field-words.ts';
import { t, type TextKey } from './texts.ts';

/** Where the lines belong, unless that is a shell or a program's own code; and what comes after them. By the app's id. */
const TEXTS: Readonly<Record<string, { readonly where?: TextKey; readonly more?: TextKey }>> = {
  'open-webui': { where: 'connect.where_open_webui', more: 'connect.more_open_webui' },
  continue: { where: 'connect.where_continue' },
  cline: { where: 'connect.where_cline' },
  opencode: { where: 'connect.where_opencode' },
  langchain: { more: 'connect.more_langchain' },
  'electron-file': { where: 'connect.where_electron' },
  cursor: { more: 'connect.more_cursor' },
};

/** Sentences to stand before and after the lines of an app; undefined where there is nothing to say. */
export function saidOf(id: string): { readonly where: string | undefined; readonly more: string | undefined } {
  const { where, more } = TEXTS[id] ?? {};
  return { where: where && t(where), more: more && t(more, { setting: labelOf('server.allowed_hosts') }) };
}

/** What the form of settings calls one, so that it is found there. */
function labelOf(path: string): string {
  const field = fields.find((each) => each.path === path);
  return field === undefined ? path : inOwnWords(field).title;
}
