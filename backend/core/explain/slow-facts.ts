// What is known of a slow request, as plain values: what its time was spent on, who was in its way, why its model was
// loaded, how fast it ran, and how fast its model usually is. Types, and which part was the longest. Durations in
// milliseconds.
import type { Parted } from '../../contract/views/request-detail.ts';
import type { QueueClass } from '../../contract/chat/chat-request.ts';

/** The parts of a request's time, in order. */
export const PARTS = ['turn', 'place', 'load', 'prompt', 'answer', 'delivery'] as const;
export type Part = (typeof PARTS)[number];

/** The requests of one app and kind that held slots while this one waited. */
export interface Behind {
  /** The name as the reader may know it; undefined if it belongs to another owner. */
  readonly caller: string | undefined;
  /** Of the same app as the one that waited. */
  readonly own: boolean;
  readonly class: QueueClass;
  /** The rule that set the class, or the class that was asked for. */
  readonly classBy: string;
  readonly model: string;
  readonly requests: number;
  /** They went first because their prompts continued what the model had read last. */
  readonly wentOn: boolean;
  readonly ms: number;
}

/** Its wait in the queue. */
export interface LineFacts {
  readonly class: QueueClass;
  /** Who ran meanwhile, the longest first. */
  readonly behind: readonly Behind[];
  /** Milliseconds in which any of them ran. */
  readonly busyMs: number;
  readonly pausedMs: number;
  /** While Ollama was away. */
  readonly awayMs: number;
  /** How often its run was given up for a person, and how often Ollama broke it off. */
  readonly gaveWay: number;
  readonly brokeOff: number;
  /** From its first slot to its last one; 0 when no run was lost. */
  readonly againMs: number;
  /** What held it back though a slot was free; see Hold in core/queue/people.ts. */
  readonly held: 'settling' | 'people' | undefined;
}

/** Why a model was loaded. `who` is an app's name as the reader may know it. */
export type LoadReason =
  /** Hearth had not used it since its start. */
  | { readonly why: 'first' }
  /** It expired. `keptMs`: how long it stays after an answer. */
  | { readonly why: 'expired'; readonly keptMs: number }
  /** Another model evicted it. `times`: how often these two evicted each other lately. */
  | { readonly why: 'pushed_out'; readonly by: string; readonly who: string | undefined; readonly times: number }
  /**
   * It was loaded with other options, last for `who`. `differs` names them, and is empty when the Modelfiles differ.
   * `chosen`: Hearth chose the num_ctx for its prompt.
   */
  | {
      readonly why: 'options';
      readonly differs: readonly Difference[];
      readonly who: string | undefined;
      readonly chosen: boolean;
    }
  /** Somebody unloaded it through Hearth. */
  | { readonly why: 'unloaded' }
  /** Ollama was away, and came back with an empty memory. */
  | { readonly why: 'restarted' }
  /** A program that bypasses Hearth unloaded or reloaded it. */
  | { readonly why: 'elsewhere' };

/** A changed option of a runner; undefined when it was not set. */
export interface Difference {
  readonly name: string;
  readonly now: unknown;
  readonly before: unknown;
}

export interface LoadFacts {
  readonly reason: LoadReason | undefined;
  /** How long loads of this model usually take; undefined when none was measured before. */
  readonly usualMs: number | undefined;
}

/** How the model ran. */
export interface RunFacts {
  /** On ollama.com's machines. */
  readonly cloud: boolean;
  /** Its answer was passed on unread. */
  readonly handedOn: boolean;
  /** How long the model had been silent at its end, if longer than allowed; else undefined. */
  readonly silentMs: number | undefined;
  readonly prompt: {
    /** 0 when unknown, as in Ollama's figures. */
    readonly tokens: number;
    readonly reused: number | undefined;
    /** Reading only, as Ollama reports it. */
    readonly ms: number;
    /** Set when it did not fit; in tokens. */
    readonly truncated: { readonly tokens: number; readonly size: number } | undefined;
    readonly parted: Pick<Parted, 'same_chars' | 'chars' | 'goes_on' | 'where' | 'what'> | undefined;
  };
  readonly answer: {
    readonly tokens: number;
    readonly ms: number;
    /** About how many of the tokens were thinking. */
    readonly thoughts: number;
    /** Milliseconds per token that are usual for this model; undefined when too little was measured. */
    readonly usualMs: number | undefined;
  };
  /** How much of the model is in graphics memory, from 0 to 1; undefined when unknown. */
  readonly inGraphics: number | undefined;
  /** How many other runs overlapped with at least half of it. */
  readonly beside: number;
  /** queue.max_concurrent. */
  readonly slots: number;
}

export interface SlowFacts {
  readonly model: string;
  readonly caller: string;
  readonly totalMs: number;
  /** The share of each part in `totalMs`; 0 when it was not reached. */
  readonly parts: Readonly<Record<Part, number>>;
  /** How long the machine slept. */
  readonly asleepMs: number;
  readonly line: LineFacts;
  readonly load: LoadFacts;
  readonly run: RunFacts;
}

/** The longest part; of equal ones the earlier. */
export function longestPart({ parts }: Pick<SlowFacts, 'parts'>): Part {
  return PARTS.reduce((longest, part) => (parts[part] > parts[longest] ? part : longest));
}
