// What a scene of the demo can do: send what an app sends, say what came of it, and let time pass at the pace of the demo.
import { setTimeout as sleep } from 'node:timers/promises';
import type { FakeOllama } from '../fake-ollama/fake-ollama.ts';
import { sendAgain } from '../traffic.ts';
import type { AppRequest } from './demo-apps.ts';

export interface StageOptions {
  /** Where Hearth listens. */
  readonly url: string;
  readonly fake: FakeOllama;
  /** 1: at a pace that a person can follow. */
  readonly speed: number;
  /** Takes a line for the terminal. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface Stage extends StageOptions {
  /** So many milliseconds of the demo's time. Rejects when the demo ends. */
  pause(ms: number): Promise<void>;
  /** Sends it, and says what came of it. Never rejects: whoever watches may stop the gateway. */
  ask(request: AppRequest): Promise<void>;
}

/** Columns of the lines on the terminal. */
const APP_WIDTH = 20;
const ABOUT_WIDTH = 46;

export function demoStage(options: StageOptions): Stage {
  const { url, speed, say, signal } = options;
  return {
    ...options,
    pause: (ms) => sleep(ms / speed, undefined, { signal }),
    async ask({ app, about, sent }) {
      const from = performance.now();
      const outcome = await sendAgain(url, sent).then(
        ({ status, headers, text }) =>
          status < 400 ? (SOURCES[String(headers['x-cache'])] ?? 'done') : reasonIn(text),
        (error: unknown) => `no answer: ${error instanceof Error ? error.message : String(error)}`,
      );
      if (signal.aborted) return;
      const seconds = ((performance.now() - from) / 1000).toFixed(1);
      say(`  ${column(app, APP_WIDTH)} ${column(about, ABOUT_WIDTH)} ${outcome}, ${seconds} s`);
    },
  };
}

/** By what X-Cache says. */
const SOURCES: Readonly<Record<string, string>> = {
  HIT: 'a kept answer',
  COALESCED: 'shared a run',
  MISS: 'from the model',
  BYPASS: 'from the model',
};

function column(text: string, width: number): string {
  return (text.length > width ? `${text.slice(0, width - 1)}…` : text).padEnd(width);
}

/** Ollama's errors are a text, OpenAI's an object with a message. */
function reasonIn(text: string): string {
  const { error } = JSON.parse(text) as { readonly error?: string | { readonly message?: string } };
  return `failed: ${typeof error === 'string' ? error : (error?.message ?? text)}`;
}
