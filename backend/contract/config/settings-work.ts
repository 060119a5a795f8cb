// The settings of the work itself: what is cached, who waits how long, how requests are grouped. Declarations only;
// config.ts joins all sections.
import { MOST_RULES, queueRulesSchema, RULES_ALLOWED } from '../rules/queue-rule.ts';
import { MODES } from '../rules/mode.ts';
import { amount, choice, field, flag, list, section, spelled, whole } from './config-field.ts';

const DAY_MS = 86_400_000;
const DAY_S = 86_400;
const WEEK_S = 604_800;
const header = (text: string): string | undefined =>
  /^[\w!#$%&'*+.^`|~-]{1,64}$/.test(text.trim()) ? text.trim() : undefined;
const headerName = () => spelled(header, 'the name of a header');
export const cache = section('Cache', {
  enabled: field(flag(), {
    title: 'Keep answers',
    hint: 'Off: nothing is read from the cache and nothing is kept.',
    default: true,
    applies: 'live',
  }),
  ttl_seconds: field(whole(1, WEEK_S), {
    title: 'Keep an answer for',
    brief: 'From when it is stored; reading does not start the clock again.',
    hint: 'The clock starts when the answer is stored, and reading does not start it again. A change counts for answers stored from then on.',
    default: 3600,
    unit: 's',
    applies: 'live',
    env: ['CACHE_TTL_SECONDS'],
  }),
  max_size_mb: field(amount(0.1, 65_536), {
    title: 'In memory, at most',
    brief: 'The least recently used go first.',
    hint: 'Memory for kept answers, keys and bookkeeping included. The least recently used go first.',
    default: 256,
    unit: 'MB',
    applies: 'live',
    env: ['CACHE_MAX_SIZE_MB'],
  }),
  max_entry_mb: field(amount(0.001, 1024), {
    title: 'Largest kept answer',
    hint: 'A longer answer is delivered but not kept.',
    default: 1,
    unit: 'MB',
    applies: 'live',
    advanced: true,
  }),
  drop_in: field(choice({ deterministic: 'Repeatable only', always: 'Always', off: 'Never' }), {
    title: 'Ollama and OpenAI routes',
    brief: 'Repeatable: with temperature 0, top_k 1 or a seed.',
    hint: 'Which answers these routes keep. Repeatable: with temperature 0, top_k 1 or a seed. Always: also what Regenerate asks for is the kept answer, unless cache.fresh_when names a header that changes with it. Our own routes always use the cache.',
    default: 'deterministic',
    applies: 'live',
  }),
  fresh_when: field(
    list(headerName().type, 16, 'a list of at most 16 names of headers such as "X-Message-Id"', 'a header'),
    {
      title: 'Ask anew when these headers change',
      hint: 'For Regenerate: a value that did not come with the same question before asks the model anew, and the new answer is kept. Requests with a known value, or without one, still get the kept answer.',
      default: [],
      applies: 'live',
      advanced: true,
    },
  ),
  replay: field(choice({ smooth: 'Smoothly', instant: 'At once', original: 'As it was' }), {
    title: 'Replay a kept answer',
    hint: 'Smoothly: word by word within 1.2 s. As it was: in the pieces of the model, and what was recorded at its pace.',
    default: 'smooth',
    applies: 'live',
    advanced: true,
  }),
  honor_request_cache_control: field(choice({ auto: 'When meant', always: 'Always' }), {
    title: 'Cache-Control of requests',
    hint: 'When meant: not the no-cache and max-age=0 that browsers and fetch send for reasons of their own.',
    default: 'auto',
    applies: 'live',
    advanced: true,
  }),
  stale_model_list_s: field(whole(0, WEEK_S), {
    title: 'Trust an old list of models for',
    hint: 'While Ollama does not tell which models it has, kept answers are found by the last list for so long. The clock starts when that list was asked for. After it requests go up, and nothing is kept.',
    default: 600,
    unit: 's',
    applies: 'live',
    advanced: true,
  }),
  finish_abandoned: field(flag(), {
    title: 'Finish answers nobody waits for',
    hint: 'Lets the model go on after the last caller left, so that the answer can be kept. Holds a slot meanwhile.',
    default: false,
    applies: 'live',
    advanced: true,
  }),
  persist: field(flag(), {
    title: 'Keep on disk',
    hint: 'Answers, jobs and figures survive a restart. Off: nothing is written.',
    default: true,
    applies: 'restart',
  }),
  disk_max_size_mb: field(amount(1, 1_048_576), {
    title: 'On disk, at most',
    hint: 'Disk space for kept answers.',
    default: 1024,
    unit: 'MB',
    applies: 'restart',
    advanced: true,
  }),
  mode: field(choice(MODES), {
    title: 'Mode',
    hint: 'Live: as usual. Record: every answer is kept with its question, until you remove it. Replay: answers come from what was recorded alone, and Ollama is not asked. docs/record-and-replay.md says more.',
    default: 'live',
    applies: 'live',
    advanced: true,
  }),
});

export const conversationCache = section('Conversations', {
  max_size_mb: field(amount(0.1, 65_536), {
    title: 'Conversations in memory, at most',
    hint: 'Memory for the histories behind conversation_id, and as much room on the disk.',
    default: 128,
    unit: 'MB',
    applies: 'live',
    advanced: true,
  }),
  ttl_seconds: field(whole(1, WEEK_S), {
    title: 'Keep an idle conversation for',
    hint: 'The clock starts again with every message.',
    default: 1800,
    unit: 's',
    applies: 'live',
    advanced: true,
  }),
});

export const queue = section('Queue', {
  max_concurrent: field(whole(1, 64), {
    title: 'Answers at the same time',
    brief: 'More than OLLAMA_NUM_PARALLEL only moves the line into Ollama.',
    hint: 'How many requests Ollama works on together. More than OLLAMA_NUM_PARALLEL only moves the line into Ollama.',
    default: 1,
    unit: 'count',
    applies: 'live',
  }),
  max_queue_size: field(whole(1, 10_000), {
    title: 'Places in line',
    brief: 'When all are taken, further requests are refused.',
    hint: 'When all are taken, further requests are refused with queue_full.',
    default: 100,
    unit: 'count',
    applies: 'live',
  }),
  max_wait_ms: field(whole(1, DAY_MS), {
    title: 'Longest wait',
    brief: 'After it a request is refused. A pause does not count.',
    hint: 'A request that waited longer in line is refused with queue_timeout. A pause does not count.',
    default: 600_000,
    unit: 'ms',
    applies: 'live',
  }),
  estimated_time_per_request_ms: field(whole(1, DAY_MS), {
    title: 'First guess per request',
    hint: 'Used for waiting times until something has been measured.',
    default: 30_000,
    unit: 'ms',
    applies: 'live',
    advanced: true,
  }),
  rules: field(
    { type: queueRulesSchema, kind: 'rules', allowed: RULES_ALLOWED, max: MOST_RULES },
    {
      title: 'Rules for classes',
      hint: 'Which requests come from people, from apps or are background work, and under whose name they wait. The first rule that holds counts; those of Hearth come after yours. Written in the configuration file.',
      default: [],
      applies: 'live',
    },
  ),
  aging_ms: field(whole(1, DAY_MS), {
    title: 'One class up after',
    hint: 'A waiting request moves up one class each time it has waited this long, and after half of queue.max_wait_ms it counts as most urgent.',
    default: 60_000,
    unit: 'ms',
    applies: 'live',
    advanced: true,
  }),
  by_prompt: field(flag(), {
    title: 'Prompts that go on go first',
    hint: 'Among requests that are equally urgent and for one model, the one goes first whose prompt goes on with what the model has just read: less is read in all. Within the bounds of batch.max_batch_size and batch.batch_timeout_ms.',
    default: true,
    applies: 'live',
    advanced: true,
  }),
  settle_ms: field(whole(0, 60_000), {
    title: 'Background work waits at first',
    hint: 'Background work does not start this soon after it came, nor after its own app asked for anything else: a title that comes just before its chat runs after it. No longer than queue.aging_ms.',
    default: 300,
    unit: 'ms',
    applies: 'live',
    advanced: true,
  }),
  yield_ms: field(whole(0, 600_000), {
    title: 'Background work stops for people within',
    hint: 'When a person asks, background work stops while its model loads, or has been ready for less than this, if nothing of its answer has come yet. It runs again later, from its old place in line. 0: it never stops.',
    default: 2000,
    unit: 'ms',
    applies: 'live',
    advanced: true,
  }),
  evict_after_s: field(whole(0, DAY_S), {
    title: "Background work spares a person's model for",
    hint: 'Background work does not load a model in place of one that a person chats with, until that was idle this long. It waits no longer than queue.aging_ms.',
    default: 30,
    unit: 's',
    applies: 'live',
    advanced: true,
  }),
  reserve_interactive: field(whole(0, 63), {
    title: 'Slots for people alone',
    hint: 'How many of queue.max_concurrent are kept for people. At least one is for everybody.',
    default: 0,
    unit: 'count',
    applies: 'live',
    advanced: true,
  }),
  retention_seconds: field(whole(1, DAY_S), {
    title: 'Keep finished results for',
    hint: 'How long the result of a chat-queue request can be fetched. The clock starts when it is finished.',
    default: 600,
    unit: 's',
    applies: 'live',
    advanced: true,
  }),
  retained_max_mb: field(amount(0.1, 65_536), {
    title: 'Finished results, at most',
    hint: 'Room for finished chat-queue results; the oldest go first. Those of batches do not count.',
    default: 64,
    unit: 'MB',
    applies: 'restart',
    advanced: true,
  }),
  batch_retention_seconds: field(whole(1, 30 * DAY_S), {
    title: 'Keep the results of a batch for',
    hint: 'The clock starts when its last job has ended.',
    default: WEEK_S,
    unit: 's',
    applies: 'live',
    advanced: true,
  }),
  max_jobs: field(whole(1, 1_000_000), {
    title: 'Accepted jobs, at most',
    hint: 'A batch is refused when more jobs would wait with it. Jobs of batches wait on disk, and few at a time stand in line.',
    default: 50_000,
    unit: 'count',
    applies: 'live',
    advanced: true,
  }),
  jobs_max_mb: field(amount(1, 1_048_576), {
    title: 'Batches on disk, at most',
    hint: 'Disk space for what the jobs of batches ask and for their results. A new batch is refused when they take more; what was accepted stays.',
    default: 1024,
    unit: 'MB',
    applies: 'live',
    advanced: true,
  }),
});

export const batch = section('Batching', {
  max_batch_size: field(whole(1, 100), {
    title: 'Same model in a row, at most',
    hint: 'How many waiting requests of the loaded model go before an older one of another model.',
    default: 3,
    unit: 'count',
    applies: 'live',
    advanced: true,
  }),
  batch_timeout_ms: field(whole(0, 600_000), {
    title: 'Other models wait at most',
    hint: 'Once a request of another model waited this long, the row ends. No request is ever delayed to fill a batch.',
    default: 2000,
    unit: 'ms',
    applies: 'live',
    advanced: true,
  }),
  enable_deduplication: field(flag(), {
    title: 'One run for identical requests',
    brief: 'They share it when they come at the same time.',
    hint: 'Identical requests at the same time share one run of the model.',
    default: true,
    applies: 'live',
  }),
});
