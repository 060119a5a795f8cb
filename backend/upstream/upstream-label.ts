// Which Ollama a sentence is about, and how its settings are called there: the one of `ollama.api_url`, or one of several,
// which has a name and settings of its own. Pure.

export interface Whose {
  /** Its address as it may be shown: without user and password. */
  readonly url: string;
  /** Its name in `[[upstreams]]`; undefined where there is one Ollama. */
  readonly name?: string | undefined;
}

/** For the beginning of a sentence. */
export function whoIs({ name }: Pick<Whose, 'name'>): string {
  return name === undefined ? 'Ollama' : `Ollama on ${name}`;
}

/** The setting of its address. */
export function urlSetting({ name }: Pick<Whose, 'name'>): string {
  return name === undefined ? 'ollama.api_url' : `the url of ${name} in upstreams`;
}

/** The settings of what is shown to it. */
export function keySettings({ name }: Pick<Whose, 'name'>): string {
  return name === undefined ? 'ollama.api_key or ollama.headers' : `the key of ${name} in upstreams`;
}

/** What to do about the address, behind what is wrong with it. */
export function startOrSet(whose: Pick<Whose, 'name'>): string {
  return ` Start it, or ${whose.name === undefined ? 'set' : 'correct'} ${urlSetting(whose)}.`;
}

export function checkUrl(whose: Pick<Whose, 'name'>): string {
  return ` Check ${urlSetting(whose)}.`;
}
