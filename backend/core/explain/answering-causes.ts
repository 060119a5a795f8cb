// Why the model took long: to read the prompt, to answer, and to deliver the answer. Special causes come first.
import type { Cause } from './cause.ts';
import { endOfTruncation } from './load-words.ts';
import type { SlowFacts } from './slow-facts.ts';
import { aSecond, counted, ofAll } from './why-words.ts';

type SlowCause = Cause<SlowFacts>;

/** A model is slow when a token takes this many times as long as usual. */
const SLOW_PACE = 1.5;
/** Reuse of less than this share of a prompt counts as almost none. */
const LITTLE = 0.5;

/** Causes of the run as a whole, whichever of its parts was the longest. */
const OF_THE_RUN: readonly SlowCause[] = [
  {
    name: 'stuck',
    when: 'Nothing came from the model for longer than ollama.stuck_after_seconds, until the request was ended.',
    setting: { path: 'ollama.timeout_seconds', label: 'Give up sooner' },
    tell: ({ run: { silentMs }, totalMs }) =>
      silentMs === undefined
        ? undefined
        : {
            text: `Nothing came from the model for the last ${ofAll(silentMs, totalMs)}.`,
            more: 'Ollama answered otherwise, so its runner hung. Unloading the model ends that.',
          },
  },
  {
    name: 'cloud',
    when: "The model runs on ollama.com's machines.",
    tell: ({ run, model, parts, totalMs }) =>
      run.cloud
        ? {
            text: `${model} runs at ollama.com, and took ${ofAll(parts.prompt + parts.answer, totalMs)}.`,
            more: 'The way there and back is in it, and so is the load of those machines, which nobody sees from here.',
          }
        : undefined,
  },
  {
    name: 'handed-on',
    when: 'The request was handed on to Ollama as it came, so nothing was measured inside of it.',
    tell: ({ run, parts, totalMs }) =>
      run.handedOn
        ? {
            text: `Ollama took ${ofAll(parts.prompt + parts.answer, totalMs)}.`,
            more: 'This route hands requests on as they come, so Hearth does not see what happens in it.',
          }
        : undefined,
  },
];

/** Causes that slow down reading and generating alike. */
function ofTheMachine(part: 'prompt' | 'answer'): readonly SlowCause[] {
  return [
    {
      name: `${part}-partly-in-graphics`,
      when: 'A part of the model is not in the graphics memory.',
      setting: { path: 'ollama.models', label: 'Run it with a smaller num_ctx' },
      tell: ({ run, parts, totalMs, model }) => {
        const { inGraphics } = run;
        // Without a graphics card everything is outside, and that is as fast as it gets.
        if (inGraphics === undefined || inGraphics <= 0 || inGraphics > 0.99) return undefined;
        const what = part === 'prompt' ? 'Reading the prompt' : 'The answer';
        return {
          text: `${what} took ${ofAll(parts[part], totalMs)}, with ${Math.round((1 - inGraphics) * 100)} % of ${model} outside the graphics memory.`,
          more: 'That part runs on the processor, which is many times slower. A smaller num_ctx or a smaller model leaves room.',
        };
      },
    },
    {
      name: `${part}-beside-others`,
      when: 'Other runs shared the machine, and it was slower than usual.',
      setting: { path: 'queue.max_concurrent', label: 'Answer fewer at once' },
      tell: ({ run, parts, totalMs }) => {
        if (run.beside === 0 || (part === 'answer' && !isSlow(run.answer))) return undefined;
        const what = part === 'prompt' ? 'Reading the prompt' : 'The answer';
        const others = run.beside === 1 ? 'another request' : `${run.beside} others`;
        return {
          text: `${what} took ${ofAll(parts[part], totalMs)} while ${others} ran at the same time.`,
          more: 'Runs at the same time share the machine, so that each of them is slower.',
        };
      },
    },
  ];
}

export const PROMPT_CAUSES: readonly SlowCause[] = [
  ...OF_THE_RUN,
  {
    name: 'ollama-queue',
    when: 'Ollama let it wait, though Hearth had given it a slot.',
    setting: { path: 'queue.max_concurrent', label: 'Answer fewer at once' },
    tell: ({ run, parts, totalMs }) => {
      const waited = parts.prompt - run.prompt.ms;
      if (run.beside === 0 || run.prompt.ms <= 0 || waited < parts.prompt / 2) return undefined;
      return {
        text: `${ofAll(waited, totalMs)} passed inside Ollama before it read the prompt, while ${counted(run.beside, 'other request')} ran.`,
        more: `Hearth sends ${run.slots} at once, and Ollama answers as many as OLLAMA_NUM_PARALLEL says.`,
      };
    },
  },
  {
    name: 'prompt-truncated',
    when: 'The prompt was longer than its context.',
    setting: { path: 'ollama.models', label: 'Let Hearth choose num_ctx' },
    tell: (facts) => {
      const { truncated } = facts.run.prompt;
      if (truncated === undefined) return undefined;
      return {
        text: `${reading(facts)} It has about ${counted(truncated.tokens, 'token')}, and its context holds ${truncated.size.toLocaleString('en')}: the oldest part was left out.`,
        more: endOfTruncation(facts.model),
      };
    },
  },
  {
    name: 'prompt-changed',
    when: 'The prompt parts early from the one before it, so that little of it could be reused.',
    tell: (facts) => {
      const { parted, reused, tokens } = facts.run.prompt;
      if (parted === undefined || reused === undefined || reused >= tokens * LITTLE) return undefined;
      if (parted.goes_on === true || parted.same_chars >= parted.chars * LITTLE) return undefined;
      const what = parted.what === undefined ? '' : ` (${parted.what})`;
      return {
        text: `${reading(facts)} It changed at character ${(parted.same_chars + 1).toLocaleString('en')}, in ${parted.where}${what}, so only ${reused.toLocaleString('en')} of ${counted(tokens, 'token')} could be reused.`,
        more: 'Ollama reuses a prompt up to the first character that differs: put what changes at its end.',
      };
    },
  },
  ...ofTheMachine('prompt'),
  {
    name: 'prompt-long',
    when: 'Reading the prompt took longest.',
    tell: (facts) => {
      const { tokens, reused = 0, ms } = facts.run.prompt;
      const read = tokens - reused;
      if (read <= 0 || ms <= 0) return undefined;
      return {
        text: `Reading the prompt took ${ofAll(facts.parts.prompt, facts.totalMs)}: ${counted(read, 'token')} at ${aSecond(ms / read)}${reused === 0 ? '' : `, and ${reused.toLocaleString('en')} reused`}.`,
        more: 'A shorter prompt, or one that begins as the one before it, is read sooner.',
      };
    },
  },
  {
    name: 'first-token',
    when: 'The first token came late, and why is not known.',
    tell: ({ parts, totalMs }) => ({
      text: `${ofAll(parts.prompt, totalMs)} were spent waiting for the first token.`,
    }),
  },
];

export const ANSWER_CAUSES: readonly SlowCause[] = [
  ...OF_THE_RUN,
  ...ofTheMachine('answer'),
  {
    name: 'answer-slow',
    when: 'The model wrote more slowly than it usually does.',
    tell: ({ run: { answer }, parts, totalMs }) => {
      const { usualMs, tokens, ms } = answer;
      if (usualMs === undefined || !isSlow(answer)) return undefined;
      return {
        text: `The answer took ${ofAll(parts.answer, totalMs)}: ${counted(tokens, 'token')} at ${aSecond(ms / tokens)}, where ${aSecond(usualMs)} are usual.`,
        more: 'What else used the machine then, and what made it slower, as heat or a battery do, is not seen from here.',
      };
    },
  },
  {
    name: 'thinking',
    when: 'More than half of the answer was thinking.',
    tell: ({ run: { answer }, parts, totalMs }) =>
      answer.tokens > 0 && answer.thoughts > answer.tokens / 2
        ? {
            text: `The answer took ${ofAll(parts.answer, totalMs)}: about ${answer.thoughts.toLocaleString('en')} of ${counted(answer.tokens, 'token')} were thinking.`,
            more: 'A request with "think": false is answered without it.',
          }
        : undefined,
  },
  {
    name: 'answer-long',
    when: 'Writing the answer took longest.',
    tell: ({ run: { answer }, parts, totalMs }) =>
      answer.tokens > 0 && answer.ms > 0
        ? {
            text: `The answer took ${ofAll(parts.answer, totalMs)}: ${counted(answer.tokens, 'token')} at ${aSecond(answer.ms / answer.tokens)}.`,
            more: 'A limit in the request (num_predict, max_tokens) makes answers shorter.',
          }
        : undefined,
  },
  {
    name: 'answer',
    when: 'The answer took longest, and nothing more was measured of it.',
    tell: ({ parts, totalMs }) => ({ text: `The answer took ${ofAll(parts.answer, totalMs)}.` }),
  },
];

export const DELIVERY_CAUSES: readonly SlowCause[] = [
  {
    name: 'delivery',
    when: 'The app took the answer slowly.',
    tell: ({ caller, parts, totalMs }) => ({
      text: `${caller} took ${ofAll(parts.delivery, totalMs)} to read the answer, after its last token had come from the model.`,
      more: 'The model was free for others by then.',
    }),
  },
];

/** "Reading the prompt took 18.4 of 30.2 s." */
function reading({ parts, totalMs }: SlowFacts): string {
  return `Reading the prompt took ${ofAll(parts.prompt, totalMs)}.`;
}

/** Whether it generated more slowly than usual; unknown for a short answer. */
function isSlow({ tokens, ms, usualMs }: SlowFacts['run']['answer']): boolean {
  return usualMs !== undefined && tokens > 0 && ms / tokens > SLOW_PACE * usualMs;
}
