// The settings about Ollama: its address, which model, how long to wait, what to keep warm. Declarations only;
// config.ts joins all sections.
import { z } from 'zod';
import { upstreamAddress } from '../address.ts';
import { bearerKey } from '../rules/upstream-list.ts';
import {
  amount,
  choice,
  field,
  flag,
  freeText,
  headers,
  keepAlive,
  list,
  section,
  spelled,
  table,
  whole,
} from './config-field.ts';

const DAY_S = 86_400;
const modelName = (text: string): string | undefined =>
  /^[^\s\p{Cc}]{1,256}$/u.test(text.trim()) ? text.trim() : undefined;
const model = () => spelled(modelName, 'a model name such as "llama3.2:3b"', 'model');

const MOST_TOKENS = 16_777_216;

/** The settings of one model. */
const ofModel = z.strictObject({ num_ctx: z.union([z.literal('auto'), z.int().min(1).max(MOST_TOKENS)]).optional() });

const filePath = (text: string): string | undefined =>
  /^[^\p{Cc}]{0,4096}$/u.test(text.trim()) ? text.trim() : undefined;

export const ollama = section('Ollama', {
  api_url: field(spelled(upstreamAddress, 'an http or https address such as "http://127.0.0.1:11434"', 'url'), {
    title: 'Address',
    brief: 'Where Ollama answers.',
    hint: 'Where Ollama answers. Written like OLLAMA_HOST: scheme and port may be missing. In "https://user:password@host" the user and password are shown to Ollama as HTTP Basic.',
    default: 'http://127.0.0.1:11434',
    applies: 'live',
    secret: 'userinfo',
    env: ['OLLAMA_API_URL', 'OLLAMA_HOST'],
  }),
  api_key: field(spelled(bearerKey, 'a key without blanks in it, or empty for none', 'secret'), {
    title: 'Key for Ollama',
    hint: 'Shown to Ollama, or to the proxy before it, with every call: Authorization: Bearer. Goes before a user and password in the address.',
    default: '',
    applies: 'live',
    advanced: true,
    secret: 'value',
    env: ['OLLAMA_API_KEY'],
  }),
  headers: field(headers(), {
    title: 'Headers for Ollama',
    hint: 'Sent with every call to Ollama, as a proxy before it may want them. An Authorization among them goes before ollama.api_key. They replace what callers send under the same names.',
    default: {},
    applies: 'live',
    advanced: true,
    secret: 'values',
  }),
  ca_file: field(spelled(filePath, 'the path of a file', 'text'), {
    title: 'Certificates to trust',
    hint: 'A PEM file with your own certificate authority, for an Ollama behind https. It is believed beside those that Node and NODE_EXTRA_CA_CERTS name.',
    default: '',
    applies: 'live',
    advanced: true,
  }),
  model: field(model(), {
    title: 'Default model',
    hint: 'The model of requests that name none, and the one to keep warm.',
    brief: 'For apps that do not name one.',
    default: 'deepseek-r1:8b',
    applies: 'live',
    env: ['OLLAMA_MODEL'],
  }),
  keep_alive: field(keepAlive(), {
    title: 'Stay warm for',
    brief: 'After the last answer: 30 s, 15 min, 2 h, always, or as Ollama does.',
    hint: 'How long a model stays loaded after an answer, at least: 30 s, 15 min, 2 h, always, or as Ollama does. A longer time that a caller or OLLAMA_KEEP_ALIVE asked for stays.',
    default: '15m',
    applies: 'live',
  }),
  system_prompt: field(freeText(100_000), {
    title: 'System prompt',
    hint: 'Put first in chats on our own routes that bring no system message. Empty: none.',
    default: '',
    applies: 'live',
    advanced: true,
  }),
  timeout_seconds: field(amount(0.1, DAY_S), {
    title: 'Give up without progress after',
    hint: 'Longest silence of the model inside an answer. The clock starts again with every piece.',
    default: 300,
    unit: 's',
    applies: 'live',
    advanced: true,
  }),
  first_token_timeout_seconds: field(amount(0.1, DAY_S), {
    title: 'Give up without a first token after',
    hint: 'Longest wait for the first piece, loading the model included. The clock starts when the request goes to Ollama, not in line.',
    default: 900,
    unit: 's',
    applies: 'live',
    advanced: true,
  }),
  stuck_after_seconds: field(amount(1, DAY_S), {
    title: 'Call an answer stuck after',
    hint: 'A run that gave nothing for so long, while Ollama answers otherwise, is shown as stuck, with a way to cancel it. A long prompt on a slow machine takes its time too. The clock starts when the model stands ready, and with every piece.',
    default: 180,
    unit: 's',
    applies: 'live',
    advanced: true,
  }),
  connect_timeout_ms: field(whole(50, 60_000), {
    title: 'Connect within',
    hint: 'Longest time to open a connection to Ollama.',
    default: 3000,
    unit: 'ms',
    applies: 'restart',
    advanced: true,
  }),
  keep_warm: field(flag(), {
    title: 'Keep the default model warm',
    brief: 'Its time is renewed before it runs out.',
    hint: 'Renews the default model and the preloaded ones before their time runs out, once they are in memory. Off, they leave when it has run out.',
    default: false,
    applies: 'live',
  }),
  preload: field(list(model().type, 16, 'a list of at most 16 model names', 'a model'), {
    title: 'Load at start',
    hint: 'Models to load when Hearth starts, after Ollama restarted, and after something else unloaded them. What another model pushed out comes back when none was used for five minutes.',
    default: [],
    applies: 'live',
    advanced: true,
  }),
  num_ctx_policy: field(
    choice({ off: 'Leave as sent', fill: 'Fill if missing', max: 'Use the largest', force: 'Always ours' }),
    {
      title: 'Apps that change num_ctx',
      brief: 'A different context size makes Ollama load the model again. Ours is ollama.num_ctx.',
      hint: 'A different context size makes Ollama load the model again. Ours is ollama.num_ctx: the largest is that or what is sent, whichever is more.',
      default: 'off',
      applies: 'live',
    },
  ),
  num_ctx: field(whole(0, MOST_TOKENS), {
    title: 'Context size',
    hint: 'The num_ctx that ollama.num_ctx_policy works with; 0 is not set.',
    default: 0,
    unit: 'tokens',
    applies: 'live',
    advanced: true,
  }),
  models: field(
    table(ofModel, model().type, 200, {
      allowed: `a table of at most 200 model names, each with num_ctx: "auto" or a whole number from 1 to ${MOST_TOKENS}, as in {"llama3.2": {"num_ctx": "auto"}}`,
      item: 'a model',
    }),
    {
      title: 'Context by model',
      hint: 'num_ctx of one model. A number stands in for ollama.num_ctx, and fills what is missing also where the policy leaves requests as sent. "auto" is what the prompt needs: 4096, 8192, 16384 and so on, at least what is sent, no more than the model and the graphics memory hold, and never less than what is loaded.',
      default: {},
      applies: 'live',
      advanced: true,
    },
  ),
  max_answer_mb: field(amount(0.1, 1024), {
    title: 'Longest answer',
    hint: 'An answer above this is ended with upstream_failed.',
    default: 64,
    unit: 'MB',
    applies: 'live',
    advanced: true,
  }),
});
