// What Ollama reads in the bodies of its own routes (api/types.go of 0.33), each type once. The reader of bodies
// (http/go/go-read.ts) and the cache key (core/cache/fingerprint.ts) both depend on it: a field that is not listed
// changes no answer. After changing a type, raise SCHEMA_VERSION in fingerprint.ts.
import { keepAliveOf } from '../go/go-duration.ts';
import {
  anything,
  bool,
  bytes,
  custom,
  GoMismatch,
  GoRefusal,
  int,
  kindOf,
  list,
  map,
  ordered,
  pointer,
  raw,
  string,
  struct,
  type GoStruct,
  type Read,
} from '../go/go-type.ts';

/** Hearth's own fields, accepted on every route and never sent to Ollama; OWN_FIELDS has their types. */
export const OURS = { use_cache: anything, cache: anything, priority: anything } as const;

/**
 * Options that change what is generated (api/types.go Options), and options whose change makes Ollama reload the model
 * (Runner, and sched.go needsReload).
 */
export const OPTIONS = {
  written: [
    'num_keep',
    'seed',
    'num_predict',
    'top_k',
    'top_p',
    'min_p',
    'typical_p',
    'repeat_last_n',
    'temperature',
    'repeat_penalty',
    'presence_penalty',
    'frequency_penalty',
    'stop',
  ],
  runner: ['num_ctx', 'num_batch', 'num_gpu', 'main_gpu', 'use_mmap', 'num_thread', 'draft_num_predict'],
} as const;

const options = map([...OPTIONS.written, ...OPTIONS.runner]);
const keepAlive = pointer(custom(keepAliveOf));
const images = list('[]api.ImageData', bytes('api.ImageData'));

const LEVELS = new Set(['high', 'medium', 'low', 'max']);
const THINK = '"high", "medium", "low", "max", true, or false';

/** `think`: a switch or a level (api/types.go ThinkValue). */
const think = custom((value): boolean | string => {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') throw new GoRefusal(`think must be a boolean or string (${THINK})`);
  if (LEVELS.has(value)) return value;
  throw new GoRefusal(`invalid think value: ${JSON.stringify(value)} (must be ${THINK})`);
});

/** A JSON type or several; a list of one equals the type itself (api/types.go PropertyType). */
const propertyType = custom((value): string | readonly string[] => {
  if (typeof value === 'string' || value === null) return value ?? '';
  if (!Array.isArray(value)) throw new GoMismatch(kindOf(value), '[]string');
  const types = value.map((item: unknown) => {
    if (typeof item === 'string' || item === null) return item ?? '';
    throw new GoMismatch(kindOf(item), 'string');
  });
  return types.length === 1 ? (types[0] ?? '') : types;
});

/** A property of a tool's parameters; properties may be nested. */
const toolProperty: GoStruct = struct('api.ToolProperty', {
  get anyOf() {
    return list('[]api.ToolProperty', toolProperty);
  },
  type: propertyType,
  items: anything,
  description: string,
  enum: list('[]interface {}', anything),
  get properties() {
    return pointer(ordered(toolProperty));
  },
  required: list('[]string', string),
});

/** The parameters of a tool. */
export const toolParameters = struct('api.ToolFunctionParameters', {
  type: string,
  $defs: anything,
  items: anything,
  required: list('[]string', string),
  properties: pointer(ordered(toolProperty)),
});

export const tool = struct('api.Tool', {
  type: string,
  items: anything,
  function: struct('api.ToolFunction', { name: string, description: string, parameters: toolParameters }),
});

/** The arguments of a tool call: the model reads them in their order. */
export const toolArguments = ordered(anything);

/** A message; Ollama writes its role in lower case. */
export const message = struct(
  'api.Message',
  {
    role: string,
    content: string,
    thinking: string,
    images,
    tool_calls: list(
      '[]api.ToolCall',
      struct('api.ToolCall', {
        id: string,
        function: struct('api.ToolCallFunction', { index: int, name: string, arguments: toolArguments }),
      }),
    ),
    tool_name: string,
    tool_call_id: string,
  },
  {
    go: 'api.Alias',
    finish: ({ role, content, ...rest }) => ({
      role: typeof role === 'string' ? role.toLowerCase() : (role ?? ''),
      content: content ?? '',
      ...rest,
    }),
  },
);

const common = { model: string, options, keep_alive: keepAlive, ...OURS } as const;

const written = {
  ...common,
  stream: pointer(bool),
  format: raw,
  think: pointer(think),
  truncate: pointer(bool),
  shift: pointer(bool),
  _debug_render_only: bool,
  logprobs: bool,
  top_logprobs: int,
} as const;

/** Body of POST /api/chat. */
export const ollamaChat = struct('api.ChatRequest', {
  ...written,
  messages: list('[]api.Message', message),
  tools: list('api.Tools', tool),
});

/** Body of POST /api/generate. */
export const ollamaGenerate = struct('api.GenerateRequest', {
  ...written,
  prompt: string,
  suffix: string,
  system: string,
  template: string,
  context: list('[]int', int),
  raw: bool,
  images,
});

/** Body of POST /api/embed. */
export const ollamaEmbed = struct('api.EmbedRequest', {
  ...common,
  input: anything,
  truncate: pointer(bool),
  dimensions: int,
});

/** Body of the legacy POST /api/embeddings. */
export const ollamaEmbeddings = struct('api.EmbeddingRequest', { ...common, prompt: string });

export type OllamaMessage = Read<typeof message>;
