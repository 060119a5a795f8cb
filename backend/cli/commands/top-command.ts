// `hearth top`: live activity on the whole terminal until the user leaves; without a terminal one picture, or each
// event as a line of JSON. The terminal is always restored.
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventData, RequestFact, RequestList } from '../../contract/views/control.ts';
import { EXIT, Exit } from '../exits.ts';
import { gatewayOf, type Gateway } from '../gateway/gateway-client.ts';
import { liveEvents, snapshotNow, type LiveEvent } from '../gateway/live-events.ts';
import type { Host, Run } from '../command-host.ts';
import { pictureOf, type Seen } from './top-picture.ts';

/** Maximum number of ended requests that are ever shown. */
const LAST = 100;
/** Milliseconds before a retry when the gateway is gone, and between two redraws. */
const AGAIN_MS = 1000;
const DRAWN_MS = 100;

export const top: Run<'top'> = async ({ options }, host) => {
  const gateway = await gatewayOf(options, host);
  if (options.json) return everyEvent(gateway, host);
  if (!host.terminal.isTerminal) return onePicture(gateway, host);
  return wholeScreen(options, host);
};

async function everyEvent(gateway: Gateway, { terminal }: Host): Promise<void> {
  for await (const event of liveEvents(gateway)) terminal.write(`${JSON.stringify(event)}\n`);
}

async function onePicture(gateway: Gateway, { terminal, now }: Host): Promise<void> {
  const seen = seenOf(await snapshotNow(gateway), await endedLast(gateway), now());
  terminal.write(pictureOf(seen, terminal, now()).join('\n').concat('\n'));
}

async function endedLast(gateway: Gateway): Promise<readonly RequestFact[]> {
  return (await gateway.ask<RequestList>('GET', `/api/requests?limit=${LAST}`)).requests;
}

function seenOf({ health, stats, models }: EventData<'snapshot'>, ended: readonly RequestFact[], at: number): Seen {
  return { health, queue: stats?.queue, stats, models, ended, at, away: undefined };
}

/** The state after an event. */
export function after(seen: Seen | undefined, event: LiveEvent, at: number): Seen | undefined {
  if (event.name === 'snapshot') return seenOf(event.data, seen?.ended ?? [], at);
  if (seen === undefined) return undefined;
  switch (event.name) {
    case 'state':
      return { ...seen, health: event.data.health };
    case 'queue':
      return { ...seen, queue: event.data, at };
    case 'model':
      return { ...seen, models: event.data.models };
    case 'request':
      return { ...seen, ended: [...event.data.ended.toReversed(), ...seen.ended].slice(0, LAST) };
    case 'notice':
      return seen;
  }
}

// ---- the whole screen: control sequences of xterm, which all current terminals support

const ENTER = '\u001B[?1049h\u001B[?25l';
const LEAVE = '\u001B[?25h\u001B[?1049l';
const HOME = '\u001B[H';
const TO_LINE_END = '\u001B[K';
const BELOW = '\u001B[J';

async function wholeScreen(options: Parameters<typeof gatewayOf>[0], host: Host): Promise<number> {
  const { terminal, now } = host;
  const left = new AbortController();
  const signal = AbortSignal.any([host.signal, left.signal]);
  let seen: Seen | undefined;
  let due: NodeJS.Timeout | undefined;
  const draw = (): void => {
    due = undefined;
    if (seen === undefined) return;
    const lines = pictureOf(seen, terminal, now()).slice(0, (terminal.rows ?? 24) - 1);
    terminal.write(`${HOME}${lines.map((line) => `${line}${TO_LINE_END}\r\n`).join('')}${BELOW}`);
  };
  const drawSoon = (): void => void (due ??= setTimeout(draw, DRAWN_MS));
  terminal.write(ENTER);
  terminal.onResize(drawSoon, signal);
  terminal.stdin.onKey((key) => {
    if (key === 'q' || key === 'ctrl-c' || key === 'escape') left.abort();
  }, signal);
  // Ages grow without events.
  const ticking = setInterval(drawSoon, AGAIN_MS);
  try {
    const gateway = await gatewayOf(options, { ...host, signal });
    for (;;) {
      try {
        const ended = await endedLast(gateway);
        for await (const event of liveEvents(gateway)) {
          seen = after(seen === undefined ? undefined : { ...seen, away: undefined }, event, now());
          if (event.name === 'snapshot' && seen !== undefined) seen = { ...seen, ended };
          drawSoon();
        }
      } catch (error) {
        if (signal.aborted) break;
        // A gateway that was never there is a wrong address; one that disappeared may come back.
        if (!(error instanceof Exit) || seen === undefined) throw error;
        seen = { ...seen, away: error.message };
        drawSoon();
      }
      await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) break;
    }
    return EXIT.ok;
  } finally {
    left.abort();
    clearInterval(ticking);
    clearTimeout(due);
    terminal.write(LEAVE);
  }
}
