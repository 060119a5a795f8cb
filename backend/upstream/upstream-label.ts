// Which Ollama a message is about, and the names of its settings: the one of `ollama.api_url`, or one of several, which
// has a name and settings of its own. Pure.

export interface Whose {
  /** The address without user and password, as it may be shown. */
  readonly url: string;
  /** The name in `[[upstreams]]`; undefined when there is one Ollama. */
  readonly name?: string | undefined;
}

/** The subject at the beginning of a message. */
export function whoIs({ name }: Pick<Whose, 'name'>): string {
  return name === undefined ? 'Ollama' : `Ollama on ${name}`;
}

/** The setting of the address. */
export function urlSetting({ name }: Pick<Whose, 'name'>): string {
  return name === undefined ? 'ollama.api_url' : `the url of ${name} in upstreams`;
}

/** The settings of the credentials. */
export function keySettings({ name }: Pick<Whose, 'name'>): string {
  return name === undefined ? 'ollama.api_key or ollama.headers' : `the key of ${name} in upstreams`;
}

/** Advice about the address, for the end of a message. */
export function startOrSet(whose: Pick<Whose, 'name'>): string {
  return ` Start it, or ${whose.name === undefined ? 'set' : 'correct'} ${urlSetting(whose)}.`;
}

export function checkUrl(whose: Pick<Whose, 'name'>): string {
  return ` Check ${urlSetting(whose)}.`;
}
