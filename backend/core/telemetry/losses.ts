// Why prompt tokens were read again that the model had read before: how often, how many, and the request that lost the
// most. Parts add up to the whole. It has no text of prompts, only words for where they changed.
import { LOSS_CAUSES, type LossCause } from '../../contract/views/day.ts';

/** A loss of one request. */
export interface Lost {
  readonly cause: LossCause;
  /** For a changed prompt, where it changed ("the system prompt: a clock"); else the model. */
  readonly where: string;
  readonly tokens: number;
  readonly request_id: string;
  /** When the request came, in milliseconds since 1970. */
  readonly at: number;
}

/** The sum of equal losses. */
export interface Loss extends Pick<Lost, 'cause' | 'where' | 'tokens'> {
  readonly times: number;
  /** The request that lost the most. */
  readonly most: Pick<Lost, 'tokens' | 'request_id' | 'at'>;
}

/** How many places have sums of their own. Further ones are counted together, so that prompts can't fill memory. */
const MOST = 12;
const ELSEWHERE = '';

export class Losses {
  /** Undefined while nothing was lost, as for most models and callers in most steps. */
  #all: Map<string, Loss> | undefined;

  add({ cause, where, ...most }: Lost): void {
    this.#add({ cause, where, times: 1, tokens: most.tokens, most });
  }

  addAll(other: Losses): void {
    for (const loss of other.list) this.#add(loss);
  }

  /** The largest losses first. */
  get list(): readonly Loss[] {
    return [...(this.#all?.values() ?? [])].toSorted((a, b) => b.tokens - a.tokens);
  }

  /** '' when empty. */
  toText(): string {
    return this.#all === undefined ? '' : JSON.stringify(this.list);
  }

  /** Adds stored losses. */
  addKept(kept: readonly Loss[]): void {
    for (const loss of kept) this.#add(loss);
  }

  #add(loss: Loss): void {
    const all = (this.#all ??= new Map<string, Loss>());
    const has = (where: string): boolean => all.has(`${loss.cause} ${where}`);
    const where = has(loss.where) || all.size < MOST ? loss.where : ELSEWHERE;
    const key = `${loss.cause} ${where}`;
    const known = all.get(key);
    if (known === undefined) return void all.set(key, { ...loss, where });
    all.set(key, {
      ...known,
      times: known.times + loss.times,
      tokens: known.tokens + loss.tokens,
      most: known.most.tokens >= loss.most.tokens ? known.most : loss.most,
    });
  }
}

/** Parses stored losses; undefined for a text that `toText` can't have made. */
export function lossesOf(text: string): readonly Loss[] | undefined {
  if (text === '') return [];
  try {
    const kept: unknown = JSON.parse(text);
    return Array.isArray(kept) && kept.every(isLoss) ? kept : undefined;
  } catch {
    return undefined;
  }
}

function isLoss(value: unknown): value is Loss {
  const { cause, where, times, tokens, most } = (value ?? {}) as Partial<Loss>;
  const { tokens: lost, request_id, at } = (most ?? {}) as Partial<Loss['most']>;
  const isWord = LOSS_CAUSES.some((each) => each === cause) && [where, request_id].every((text) => typeof text === 'string'); // prettier-ignore
  return isWord && [times, tokens, lost, at].every((figure) => typeof figure === 'number');
}
