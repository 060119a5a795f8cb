// Why a request waited: for its turn in its conversation, and for a slot. Special causes come first.
import type { Cause } from './cause.ts';
import type { Behind, SlowFacts } from './slow-facts.ts';
import { counted, listed, ofAll, times } from './why-words.ts';

type SlowCause = Cause<SlowFacts>;

export const TURN_CAUSES: readonly SlowCause[] = [
  {
    name: 'turn',
    when: 'Another request of the same conversation was still being answered.',
    tell: ({ parts, totalMs }) => ({
      text: `${ofAll(parts.turn, totalMs)} were spent waiting for its turn: another request of the same conversation was still being answered.`,
      more: 'The requests of one conversation are answered one after the other, since each goes on with what was said before.',
    }),
  },
];

/** Whether a time explains the wait, as at least half of it. */
function explains(ms: number, { parts }: SlowFacts): boolean {
  return ms > 0 && ms >= parts.place / 2;
}

export const PLACE_CAUSES: readonly SlowCause[] = [
  {
    name: 'paused',
    when: 'The queue was paused for most of its wait.',
    tell: (facts) =>
      explains(facts.line.pausedMs, facts)
        ? {
            text: `${ofAll(facts.line.pausedMs, facts.totalMs)} were spent in a queue that somebody had paused.`,
            more: 'While it is paused nothing new starts, and nobody loses the place in line.',
          }
        : undefined,
  },
  {
    name: 'ollama-away',
    when: 'Ollama was away for most of its wait.',
    tell: (facts) =>
      explains(facts.line.awayMs, facts)
        ? {
            text: `${ofAll(facts.line.awayMs, facts.totalMs)} were spent waiting for Ollama, which was away.`,
            more: 'It had stopped, or was being started. What Hearth has accepted waits until it is back.',
          }
        : undefined,
  },
  {
    name: 'broken-off',
    when: 'Ollama broke off its run before anything had come, and it was asked again.',
    tell: (facts) =>
      facts.line.brokeOff > 0 && explains(facts.line.againMs, facts)
        ? {
            text: `Ollama broke off its run ${times(facts.line.brokeOff)}, so that ${ofAll(facts.parts.place, facts.totalMs)} had passed when it began for the last time.`,
            more: 'Its runner ended or Ollama was started anew; nothing of the answer had come, so Hearth asked again.',
          }
        : undefined,
  },
  {
    name: 'gave-way',
    when: 'Its run, background work, was given up for a person.',
    setting: { path: 'queue.yield_ms', label: 'How long background work can be stopped' },
    tell: (facts) =>
      facts.line.gaveWay > 0
        ? {
            text: `It gave way to people ${times(facts.line.gaveWay)}, so that ${ofAll(facts.parts.place, facts.totalMs)} had passed when it began for the last time.`,
            more: 'Background work stops for a person as long as nothing of its answer has come.',
          }
        : undefined,
  },
  {
    name: 'settling',
    when: 'Background work waited until its own app was quiet.',
    setting: { path: 'queue.settle_ms', label: 'How long background work waits at first' },
    tell: (facts) =>
      facts.line.held === 'settling' && explains(free(facts), facts)
        ? {
            text: `${ofAll(free(facts), facts.totalMs)} were spent waiting for ${facts.caller} to be quiet.`,
            more: 'It is background work, which starts when its own app asks for nothing else.',
          }
        : undefined,
  },
  {
    name: 'spared-model',
    when: "Background work waited so that a person's model stayed in memory.",
    setting: { path: 'queue.evict_after_s', label: "How long a person's model is spared" },
    tell: (facts) =>
      facts.line.held === 'people' && explains(free(facts), facts)
        ? {
            text: `${ofAll(free(facts), facts.totalMs)} were spent sparing the model that a person talks with, which ${facts.model} would have pushed out of memory.`,
            more: 'It is background work, and waits for that until nobody has used the other model for a while.',
          }
        : undefined,
  },
  {
    name: 'behind-continuing',
    when: 'A request went before it whose prompt went on with what the model had just read.',
    setting: { path: 'queue.by_prompt', label: 'Prompts that go on go first' },
    tell: (facts) => {
      const [first] = facts.line.behind;
      if (first?.wentOn !== true || !explains(first.ms, facts)) return undefined;
      return {
        text: `${ofAll(first.ms, facts.totalMs)} were spent behind ${who(first, facts)} that went on with what the model had just read.`,
        more: 'Read in between, another prompt would have taken its place in memory, and all of it would have been read again.',
      };
    },
  },
  {
    name: 'own-requests',
    when: 'Other requests of its own app were answered before it.',
    setting: { path: 'queue.max_concurrent', label: 'Answer more at once' },
    tell: (facts) => {
      const [first] = facts.line.behind;
      if (first?.own !== true || !explains(first.ms, facts)) return undefined;
      const others = first.requests === 1 ? 'another request' : `${first.requests} other requests`;
      return {
        text: `${ofAll(first.ms, facts.totalMs)} were spent behind ${others} of ${facts.caller} itself.`,
        more: `Hearth has Ollama answer ${facts.run.slots} at once. More need OLLAMA_NUM_PARALLEL in Ollama too, and memory for each.`,
      };
    },
  },
  {
    name: 'behind-background',
    when: 'Background work had the slot, and a person had to wait.',
    setting: { path: 'queue.yield_ms', label: 'How long background work can be stopped' },
    tell: (facts) => {
      const [first] = facts.line.behind;
      const isPerson = facts.line.class === 'interactive' && first?.class === 'background';
      if (!isPerson || !explains(first.ms, facts)) return undefined;
      return {
        text: `${ofAll(first.ms, facts.totalMs)} were spent behind ${who(first, facts)}.`,
        more: 'Background work stops for a person, but not once its answer has begun, nor when it has run for a while.',
      };
    },
  },
  {
    name: 'behind-urgent',
    when: 'Requests of a more urgent class were answered before it.',
    setting: { path: 'queue.rules', label: 'Rules for classes' },
    tell: (facts) => {
      const [first] = facts.line.behind;
      if (first === undefined || !explains(first.ms, facts)) return undefined;
      if (first.class === facts.line.class || first.class === 'background') return undefined;
      if (facts.line.class === 'interactive') return undefined;
      return {
        text: `${ofAll(first.ms, facts.totalMs)} were spent behind ${who(first, facts)}, for which ${first.class === 'interactive' ? 'a person waited' : 'an app waited'}.`,
        more: `It is ${facts.line.class === 'background' ? 'background work' : 'a request of an app, not of a person'}, and a rule can say otherwise.`,
      };
    },
  },
  {
    name: 'behind',
    when: 'A request of another app had the slot.',
    setting: { path: 'queue.max_concurrent', label: 'Answer more at once' },
    tell: (facts) => {
      const [first] = facts.line.behind;
      if (first === undefined || !explains(first.ms, facts)) return undefined;
      return { text: `${ofAll(first.ms, facts.totalMs)} were spent behind ${who(first, facts)}.`, more: atOnce(facts) };
    },
  },
  {
    name: 'behind-many',
    when: 'Requests of several apps had the slots one after the other.',
    setting: { path: 'queue.max_concurrent', label: 'Answer more at once' },
    tell: (facts) => {
      const { behind, busyMs } = facts.line;
      if (behind.length < 2 || !explains(busyMs, facts)) return undefined;
      const requests = behind.reduce((sum, each) => sum + each.requests, 0);
      const names = new Set(behind.map(({ caller = 'others' }) => caller));
      return {
        text: `${ofAll(busyMs, facts.totalMs)} were spent behind ${counted(requests, 'request')} of ${listed([...names])}.`,
        more: atOnce(facts),
      };
    },
  },
  {
    name: 'place',
    when: 'It waited for a slot, and what for is not known.',
    tell: ({ parts, totalMs }) => ({ text: `${ofAll(parts.place, totalMs)} were spent waiting for a place.` }),
  },
];

/** How long it waited while nothing ran, nothing was paused, and Ollama was there. */
function free({ parts, line }: SlowFacts): number {
  return parts.place - line.busyMs - line.pausedMs - line.awayMs;
}

function atOnce({ run }: SlowFacts): string {
  return `Hearth has Ollama answer ${run.slots} at once, so the others wait in line.`;
}

/** What a rule's name says after its colon, if it names an app and a kind of request (shipped-rules.ts). */
const KINDS: Readonly<Record<string, readonly [one: string, more: string]>> = {
  title: ['a title', 'titles'],
  task: ['a task', 'tasks'],
  search: ['a search', 'searches'],
};

/** "a title of Open WebUI", "3 requests of aider for qwen3:8b". */
function who({ caller, classBy, model, requests }: Behind, facts: SlowFacts): string {
  const [, app = '', kind = ''] = /^(.+): (\w+)$/.exec(classBy) ?? [];
  const known = Object.hasOwn(KINDS, kind) && caller !== undefined ? KINDS[kind] : undefined;
  const [one, more] = known ?? ['a request', 'requests'];
  const whose = known === undefined ? (caller ?? 'somebody else') : app;
  return `${requests === 1 ? one : `${requests} ${more}`} of ${whose}${model === facts.model ? '' : ` for ${model}`}`;
}
