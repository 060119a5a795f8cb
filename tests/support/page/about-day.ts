// The log of the design's working day, what the app tells of itself then, and where its prompts part: what the app answers when the
// window asks.
import type { LogLine } from '../../../backend/contract/window/about-commands.ts';
import type { CommandOutput } from '../../../backend/contract/window/desktop.ts';
import type { Partings } from '../../../backend/contract/views/parting-places.ts';
import type { Answers } from './browser.ts';

const NOW = Date.now();
const at = (secondsAgo: number): string => new Date(NOW - secondsAgo * 1000).toISOString();
const line = (ago: number, level: LogLine['level'], text: string): LogLine => ({ at: at(ago), level, text });

export const LINES: readonly LogLine[] = [
  line(128, 'error', 'Ollama: model runner has unexpectedly stopped (model qwen2.5-coder:7b, caller Continue)'),
  line(98, 'info', 'Ollama is up (url http://127.0.0.1:11434, version 0.12.6, latency_ms 2)'),
  line(69, 'debug', 'request (method POST, path /api/chat, status 200, ms 3310)'),
  line(65, 'info', 'model loaded (model qwen2.5-coder:7b, load_ms 3100)'),
  line(43, 'warn', 'Claude Code and aider load qwen2.5-coder:7b in turns, each with another num_ctx.'),
  line(39, 'info', 'model loaded (model llama3.2:3b, load_ms 2000)'),
  line(4, 'info', 'configuration changed (changed ["cache.ttl_seconds"])'),
];

export const ABOUT: CommandOutput<'about'> = {
  data_folder: '~/.config/Hearth',
  data_bytes: 212_000_000,
  system: 'Linux 6.1.0 x64',
  electron: '45.4.1',
  node: '24.9.0',
};

const span = (differs: string) => ({ before: 'entrypoint=cli; cch=', differs, after: '; You are Claude Code' });

export const PARTINGS: Partings = {
  offers: [
    {
      caller: 'claude-cli/2.1.197 (external, cli)',
      model: 'qwen2.5-coder:7b',
      what: 'billing_line',
      how: 'pin',
      times: 14,
      chars: 9,
      same_chars: 70,
      tokens: 20_862,
      ms: 18_000,
      turn: {
        sent: { read_tokens: 21_326, reused_tokens: 26, ms: 18_400 },
        kept: { read_tokens: 464, reused_tokens: 20_888, ms: 400 },
      },
      diff: {
        sent: [
          { text: '…ader: cc_version=2.1.37.' },
          { text: '0d9', differs: true },
          { text: '; cc_entrypoint=cli; cch=' },
          { text: 'b07d91e53', differs: true },
          { text: '; You are Claude Code, A…' },
        ],
        now: [
          { text: '…ader: cc_version=2.1.37.' },
          { text: '000', differs: true },
          { text: '; cc_entrypoint=cli; cch=' },
          { text: '00000', differs: true },
          { text: '; You are Claude Code, A…' },
        ],
      },
      last: [
        { request_id: 'a', created_at: at(507), now: span('e93c5d018') },
        { request_id: 'b', created_at: at(355), now: span('4a1f07c2e') },
        { request_id: 'c', created_at: at(65), now: span('b07d91e53') },
      ],
    },
    {
      caller: 'Home Assistant',
      model: 'llama3.2:3b',
      what: 'clock',
      how: 'to_end',
      times: 5,
      chars: null,
      same_chars: 16,
      tokens: 1200,
      ms: null,
      turn: null,
      diff: {
        sent: [{ text: 'Current time: ' }, { text: '14:35:12', differs: true }, { text: '. You run the lights of…' }],
        now: [
          { text: 'Current time: ' },
          { text: 'given at the end of the last message', differs: true },
          { text: '. You run the lights of…' },
        ],
        end: '[Current time: 14:35:12]',
      },
      last: [{ request_id: 'd', created_at: at(60) }],
    },
  ],
  compared: 34,
  since: at(17_000),
  places: [
    {
      caller: 'Claude Code',
      model: 'qwen2.5-coder:7b',
      where: 'the system prompt',
      what: 'a random key',
      same_chars: 70,
      chars: 84_930,
      block: 1,
      times: 14,
      of: 14,
      again_tokens: 20_862,
      again_ms: 18_000,
      last: [
        { request_id: 'a', created_at: at(507), now: span('e93c5d018') },
        { request_id: 'b', created_at: at(355), now: span('4a1f07c2e') },
        { request_id: 'c', created_at: at(65), now: span('b07d91e53') },
      ],
    },
    {
      caller: 'nightly-report',
      model: 'deepseek-r1:8b',
      where: 'message 3',
      same_chars: 1279,
      chars: 4810,
      block: 256,
      times: 2,
      of: 20,
      again_tokens: 611,
      again_ms: null,
      last: [{ request_id: 'd', created_at: at(9000) }],
    },
  ],
};

/** The log goes on with `more`, once each. */
export function aboutAnswers(more: readonly LogLine[] = []): Answers {
  return {
    log: ({ after }: { readonly after?: string }) => ({
      lines: after === undefined ? LINES : after === 'first' ? more : [],
      next: after === undefined ? 'first' : 'then',
      again: after === undefined,
    }),
    about: () => ABOUT,
    partings: () => PARTINGS,
  };
}
