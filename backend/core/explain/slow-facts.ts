// What is known of a request that was slow, as plain values: what its time went to, who was in its way, why its model was loaded,
// how fast it ran and how fast its model usually is. Types, and which part was the longest. Durations in milliseconds.
import type { Parted } from '../../contract/request-detail.ts';
import type { QueueClass } from '../../contract/chat/chat-request.ts';

/** The parts of a request's time, in their order. */
export const PARTS = ['turn', 'place', 'load', 'prompt', 'answer', 'delivery'] as const;
export type Part = (typeof PARTS)[number];

/** Requests that had slots while this one waited: those of one app that were of one kind. */
export interface Behind {
  /** As the one who reads it may know it; undefined where that is somebody else's matter. */
  readonly caller: string | undefined;
  /** Of the same app as the one that waited. */
  readonly own: boolean;
  readonly class: QueueClass;
  /** The rule that gave the class, or the word that it asked for. */
  readonly classBy: string;
  readonly model: string;
  readonly requests: number;
  /** Their prompts went on with what the model had read last, so that they went first. */
  readonly wentOn: boolean;
  readonly ms: number;
}

/** How it stood in line. */
export interface LineFacts {
  readonly class: QueueClass;
  /** Who ran meanwhile, the longest first. */
  readonly behind: readonly Behind[];
  /** In which any of them ran. */
  readonly busyMs: number;
  readonly pausedMs: number;
  /** While Ollama was away. */
  readonly awayMs: number;
  /** How often its run was given up for a person, and how often Ollama broke it off. */
  readonly gaveWay: number;
  readonly brokeOff: number;
  /** From when it first had a slot to when it had its last one; 0: none of its runs was in vain. */
  readonly againMs: number;
  /** What kept it from starting though there was a slot; see Hold in core/queue/people.ts. */
  readonly held: 'settling' | 'people' | undefined;
}

/** Why a model was loaded. `who`: an app's name, as the one who reads it may know it. */
export type LoadReason =
  /** Nothing of ours ran on it since Hearth started. */
  | { readonly why: 'first' }
  /** Its time in memory was over. `keptMs`: how long it stays after an answer. */
  | { readonly why: 'expired'; readonly keptMs: number }
  /** Another model took its place. `times`: how often these two pushed each other out lately. */
  | { readonly why: 'pushed_out'; readonly by: string; readonly who: string | undefined; readonly times: number }
  /**
   * It stood there with other options, last for `who`; `differs` names them, none where their Modelfiles differ. `chosen`:
   * the num_ctx was Hearth's choice for its prompt.
   */
  | {
      readonly why: 'options';
      readonly differs: readonly Difference[];
      readonly who: string | undefined;
      readonly chosen: boolean;
    }
  /** Somebody had it unloaded by Hearth. */
  | { readonly why: 'unloaded' }
  /** Ollama was away, and came back with an empty memory. */
  | { readonly why: 'restarted' }
  /** It left memory, or became another, by what a program did past Hearth. */
  | { readonly why: 'elsewhere' };

/** An option of a runner that became another; undefined: none was asked for. */
export interface Difference {
  readonly name: string;
  readonly now: unknown;
  readonly before: unknown;
}

export interface LoadFacts {
  readonly reason: LoadReason | undefined;
  /** How long loads of this model usually take; undefined where none was measured before. */
  readonly usualMs: number | undefined;
}

/** How the model ran. */
export interface RunFacts {
  /** On ollama.com's machines. */
  readonly cloud: boolean;
  /** Its answer went down as it came, and Hearth read nothing of it. */
  readonly handedOn: boolean;
  /** How long nothing had come from the model when it ended, where that is longer than it may be; else undefined. */
  readonly silentMs: number | undefined;
  readonly prompt: {
    /** 0: not known, as in Ollama's figures. */
    readonly tokens: number;
    readonly reused: number | undefined;
    /** Reading alone, by Ollama. */
    readonly ms: number;
    /** It did not fit; in tokens. */
    readonly truncated: { readonly tokens: number; readonly size: number } | undefined;
    readonly parted: Pick<Parted, 'same_chars' | 'chars' | 'goes_on' | 'where' | 'what'> | undefined;
  };
  readonly answer: {
    readonly tokens: number;
    readonly ms: number;
    /** Of its tokens about those in which it thought. */
    readonly thoughts: number;
    /** For each token as this model usually needs; undefined where too little was measured. */
    readonly usualMs: number | undefined;
  };
  /** How much of the model is in the graphics memory, from 0 to 1; undefined where that is not known. */
  readonly inGraphics: number | undefined;
  /** The most other runs at the same time, of those that ran for at least half of it. */
  readonly beside: number;
  /** queue.max_concurrent. */
  readonly slots: number;
}

export interface SlowFacts {
  readonly model: string;
  readonly caller: string;
  readonly totalMs: number;
  /** Of `totalMs`, what each part took; 0: it did not come to that. */
  readonly parts: Readonly<Record<Part, number>>;
  /** In which the machine slept. */
  readonly asleepMs: number;
  readonly line: LineFacts;
  readonly load: LoadFacts;
  readonly run: RunFacts;
}

/** The longest part; the earlier one of equals. */
export function longestPart({ parts }: Pick<SlowFacts, 'parts'>): Part {
  return PARTS.reduce((longest, part) => (parts[part] > parts[longest] ? part : longest));
}
