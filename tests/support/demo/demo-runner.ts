// How the demo's simulated models answer: with a text that fits, at the pace of a small graphics card. Like a real runner
// they keep what they read last, and read only what comes after the first difference: a clock early in a prompt costs what
// it costs there.
import type { RecordedCall, Scripted, ScriptedPiece } from '../fake-ollama/fake-ollama.ts';
import { words } from '../fake-ollama/fake-text.ts';
import { demoAnswer } from './demo-answers.ts';

/** Tokens a second. */
const READS = 900;
const WRITES = 28;
const CHARS_A_TOKEN = 4;
/** Milliseconds before a model does anything. */
const BEGINS_MS = 120;
const WORDS_OF_A_TITLE = 4;

type Json = Readonly<Record<string, unknown>>;

/** Makes the script of each call. `speed` 1: at the pace of a real model; 10: ten times as fast. */
export function demoRunner(speed: number): (call: RecordedCall) => Scripted {
  const lastRead = new Map<string, string>();
  return (call) => {
    const body = call.native ?? call.body ?? {};
    const model = String(body['model']).replace(/:latest$/, '');
    const prompt = promptOf(body);
    const pieces = answerTo(model, body);
    // Asked for when its turn has come: until then it is not known what the model reads before it, nor whether it is loaded.
    let reused: number | undefined;
    const read = (): Reading => {
      if (reused === undefined) {
        reused = call.loaded === 'cold' ? 0 : sameStart(prompt, lastRead.get(model) ?? '');
        lastRead.set(model, prompt);
      }
      const tokens = (chars: number): number => Math.floor(chars / CHARS_A_TOKEN);
      return { prompt_tokens: tokens(prompt.length), cached_tokens: tokens(reused) };
    };
    return {
      pieces,
      pieceMs: 1000 / WRITES / speed,
      get firstPieceMs() {
        const { prompt_tokens: all, cached_tokens: cached } = read();
        return (BEGINS_MS + ((all - cached) / READS) * 1000) / speed;
      },
      get usage() {
        return { ...read(), completion_tokens: pieces.length };
      },
    };
  };
}

interface Reading {
  readonly prompt_tokens: number;
  readonly cached_tokens: number;
}

/** All that the model reads, in its order. */
function promptOf({ system, messages, tools, prompt, input }: Json): string {
  return [tools, system, messages, prompt, input]
    .filter((part) => part !== undefined)
    .map((part) => (typeof part === 'string' ? part : JSON.stringify(part)))
    .join('\n');
}

function sameStart(one: string, other: string): number {
  const shorter = Math.min(one.length, other.length);
  for (let at = 0; at < shorter; at++) if (one[at] !== other[at]) return at;
  return shorter;
}

/** What the last message of a chat, or the prompt of a generate, asks. */
function questionOf({ messages, prompt }: Json): string {
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : undefined;
  const text = typeof last === 'object' && last !== null && 'content' in last ? last.content : prompt;
  return typeof text === 'string' ? text : '';
}

function answerTo(model: string, body: Json): readonly ScriptedPiece[] {
  const question = questionOf(body);
  const [, asked] = /^### Task:[^]*\nUSER: (.*)/.exec(question) ?? [];
  if (asked !== undefined) return words(titleOf(asked, question.includes('tags')));
  const { thinking, text } = demoAnswer(question);
  const thinks = model.startsWith('deepseek-r1') && body['think'] !== false;
  return [...(thinks ? words(thinking).map((thought) => ({ thinking: thought })) : []), ...words(text)];
}

/** As apps ask for them: JSON in the text. */
function titleOf(asked: string, isTags: boolean): string {
  const named = asked.replaceAll(/[^\p{L}\p{N} ]/gu, '').split(' ');
  if (isTags) return JSON.stringify({ tags: named.filter((word) => word.length > WORDS_OF_A_TITLE) });
  return JSON.stringify({ title: named.slice(-WORDS_OF_A_TITLE).join(' ') });
}
