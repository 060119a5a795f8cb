// The settings of the desktop app: what is in the file, what the environment forces, and what follows from both.
// It judges nothing itself (contract/config/config-sources.ts does) and knows no Electron: who reads and writes is handed in.
import {
  pointsHome,
  problemSentence,
  resolveConfig,
  type Problem,
  type ResolvedConfig,
} from '../../backend/contract/config/config-sources.ts';
import {
  changedFields,
  fields,
  parseField,
  valueIn,
  valueOf,
  withoutValue,
  withValue,
  type Config,
  type FieldInfo,
} from '../../backend/contract/config/config.ts';
import type { SettingsView } from '../../backend/contract/window/desktop.ts';
import { AppError } from '../../backend/contract/errors.ts';
import { masked, unmasked, withoutSecret, withoutUserinfo } from '../../backend/contract/secret.ts';
import { inOwnWords } from '../../words/field-words.ts';
import { t } from '../../words/texts.ts';

/** The layout of the file. Raised when a key changes its meaning; `migrated` then brings older files along. */
export const SETTINGS_VERSION = 1;
const VERSION_KEY = '$version';

/** A section's settings by key, or anything else that a file may hold. */
type Data = Readonly<Record<string, unknown>>;

export interface SettingsOptions {
  /** What the file held at the start, its `$version` included; an empty object when there was none. */
  readonly data: Data;
  readonly path: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Writes the whole file. Throws what the system says when it cannot. */
  save(data: Data): void;
}

export class Settings {
  readonly #options: SettingsOptions;
  readonly #listeners = new Set<() => void>();
  #data: Data;
  #resolved: ResolvedConfig;
  #saves = 0;

  constructor(options: SettingsOptions) {
    this.#options = options;
    this.#data = migrated(options.data);
    this.#resolved = this.#resolve(this.#data);
  }

  /** The configuration in force: defaults < file < environment. Always valid. */
  get config(): Config {
    return this.#resolved.config;
  }

  /** Whether Hearth starts at login, and whether the environment says so, so that nobody can change it here. */
  get startAtLogin(): { readonly on: boolean; readonly locked: boolean } {
    const { config, locked } = this.#resolved;
    return { on: config.app.start_at_login, locked: locked['app.start_at_login'] !== undefined };
  }

  /** How often the file was written from here. */
  get saves(): number {
    return this.#saves;
  }

  /** Sentences about what was accepted but does not do what one may think. */
  get notices(): readonly string[] {
    return this.#resolved.notices;
  }

  /** What is wrong in the file or the environment, as sentences; of a wrong value the default is in use. */
  get problems(): readonly (Pick<Problem, 'kind' | 'key'> & { readonly sentence: string })[] {
    return this.#resolved.problems.map((problem) => ({ ...problem, sentence: problemSentence(problem) }));
  }

  /** Calls back after each change, until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * `running` is the configuration that the gateway was started with, when it runs. Secrets are hidden in it: the page has
   * no use for them.
   */
  view(running: Config | undefined): SettingsView {
    const { config, locked, problems } = this.#resolved;
    const waiting =
      running === undefined ? [] : changedFields(running, config).filter(({ applies }) => applies === 'restart');
    return {
      values: Object.fromEntries(fields.map((field) => [field.path, shownValue(config, field)])),
      locked: { ...locked },
      waiting_for_restart: Object.fromEntries(
        waiting.map((field) => [field.path, shownValue(running as Config, field)]),
      ),
      problems: Object.fromEntries(
        problems.filter(({ kind }) => kind === 'wrong_value').map((problem) => [problem.key, problemSentence(problem)]),
      ),
      file: this.#options.path,
    };
  }

  /**
   * Saves one setting; what is hidden in it, as `view` hides it, stays as it is. Throws invalid_request with a sentence for
   * the field, or when the file cannot be written.
   */
  set(path: string, value: unknown): void {
    const field = this.#changeable(path);
    const meant = unmasked(field.secret, value, valueOf(this.config, field));
    if (meant === undefined) {
      throw new AppError('invalid_request', t('settings.hidden_gone'));
    }
    const accepted = parseField(path, meant);
    if (accepted === undefined) {
      const old = shownValue(this.config, field);
      const { allowed } = inOwnWords(field);
      const stays = typeof old === 'object' ? t('settings.stays') : t('settings.still', { value: JSON.stringify(old) });
      throw new AppError('invalid_request', `${t('settings.must_be', { allowed })} ${stays}`);
    }
    const next = withValue(this.#data, field, accepted.value);
    if (['server.port', 'ollama.api_url'].includes(path) && pointsHome(this.#resolve(next).config)) {
      throw new AppError('invalid_request', this.#clash(path));
    }
    this.#save(next);
  }

  /** The sentence for a change that would give Hearth and Ollama one address. */
  #clash(path: string): string {
    const { server, ollama } = this.config;
    const url = withoutUserinfo(ollama.api_url);
    return path === 'server.port'
      ? `${t('settings.port_of_ollama', { url })} ${t('settings.still', { value: String(server.port) })}`
      : `${t('settings.own_address')} ${t('settings.still', { value: url })}`;
  }

  /** Back to the default. Throws like `set`. */
  reset(path: string): void {
    this.#save(withoutValue(this.#data, this.#changeable(path)));
  }

  /** All back to their defaults; what the environment sets stays as it is. */
  resetAll(): void {
    this.#save({});
  }

  /**
   * What an export holds: everything that differs from the defaults, as in a configuration file of the headless host, but no
   * secrets, since such a file is given away. `leftOut` are the labels of the settings that had some.
   */
  exported(): { readonly data: Data; readonly leftOut: readonly string[] } {
    const { [VERSION_KEY]: _version, ...rest } = this.#data;
    let data: Data = rest;
    const leftOut: string[] = [];
    for (const field of fields) {
      const value = valueIn(data, field);
      if (value === undefined) continue;
      const open = withoutSecret(field.secret, value);
      if (open === value) continue;
      if (masked(field.secret, value) !== value) leftOut.push(inOwnWords(field).title);
      data = open === undefined ? withoutValue(data, field) : withValue(data, field, open);
    }
    return { data, leftOut };
  }

  /**
   * Takes over what is valid in another file; a secret that was left out of an export of the same value stays. Returns how
   * many settings changed, and sentences about the rest.
   */
  import(data: unknown, path: string): { readonly changed: number; readonly problems: string[] } {
    const { config, problems } = resolveConfig({ file: { path, data } }, 'desktop');
    const wrong = new Set(problems.map(({ key }) => key));
    let next: Data = this.#data;
    const before = this.config;
    for (const field of fields) {
      if (valueIn(data, field) === undefined || wrong.has(field.path)) continue;
      const value = valueOf(config, field);
      const isExported = JSON.stringify(withoutSecret(field.secret, valueOf(before, field))) === JSON.stringify(value);
      if (!isExported) next = withValue(next, field, value);
    }
    this.#save(next);
    return {
      changed: changedFields(before, this.config).length,
      problems: problems.map(problemSentence),
    };
  }

  /** The file was edited by hand. Throws invalid_request with what is wrong, and then the old values stay. */
  reread(data: unknown): void {
    if (!isTable(data)) {
      throw new AppError(
        'invalid_request',
        `${t('settings.file.no_object', { file: this.#options.path })} ${t('settings.file.old_stay')}`,
      );
    }
    const next = migrated(data);
    if (JSON.stringify(next) === JSON.stringify(this.#data)) return;
    const resolved = this.#resolve(next);
    const problems = resolved.problems.filter(({ source }) => source === 'file');
    if (problems.length > 0) {
      throw new AppError(
        'invalid_request',
        `${problems.map(problemSentence).join(' ')} ${t('settings.file.old_stay')}`,
      );
    }
    this.#data = next;
    this.#resolved = resolved;
    this.#tell();
  }

  #resolve(data: Data): ResolvedConfig {
    const { [VERSION_KEY]: _version, ...settings } = data;
    return resolveConfig({ file: { path: this.#options.path, data: settings }, env: this.#options.env }, 'desktop');
  }

  #changeable(path: string): FieldInfo {
    const field = fields.find((each) => each.path === path);
    if (field === undefined) throw new AppError('invalid_request', `There is no setting ${path}.`);
    const variable = this.#resolved.locked[path];
    if (variable !== undefined) {
      throw new AppError('invalid_request', t('settings.locked', { variable }));
    }
    return field;
  }

  #save(data: Data): void {
    const next = { ...data, [VERSION_KEY]: SETTINGS_VERSION };
    try {
      this.#options.save(next);
    } catch (cause) {
      const { path: file } = this.#options;
      const reason = reasonOf(cause);
      const what =
        cause instanceof SyntaxError
          ? t('settings.file.broken', { file })
          : isFull(reason)
            ? t('settings.file.full', { file, reason })
            : t('settings.file.locked', { file, reason });
      throw new AppError('invalid_request', what, { cause });
    }
    this.#saves += 1;
    this.#data = next;
    this.#resolved = this.#resolve(next);
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Whether the file was written by a Hearth that knows more than this one. */
export function isNewer(data: Data): boolean {
  const version = data[VERSION_KEY];
  return typeof version === 'number' && version > SETTINGS_VERSION;
}

/** The data of an older layout in today's. There is only one layout so far, so nothing is to be done. */
function migrated(data: Data): Data {
  return data;
}

/** As the page and messages have it. */
function shownValue(config: Config, field: FieldInfo): unknown {
  return masked(field.secret, valueOf(config, field));
}

/** Why a file could not be written, as short as the system says it: `EACCES`. */
export function reasonOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
}

const isFull = (reason: string): boolean => ['ENOSPC', 'EDQUOT'].includes(reason);

function isTable(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
