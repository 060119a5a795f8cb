// `hearth models pull`: queues a download in the gateway and follows it. The gateway continues it after an interruption
// (core/models/pulls.ts); stopping the command pauses the download.
import { bytes, roughly } from '../../contract/in-words.ts';
import { canonicalName } from '../../contract/model-name.ts';
import type { PullPhase, PullView } from '../../contract/views/pull-view.ts';
import type { Host, Run, Terminal } from '../command-host.ts';
import { EXIT, Exit } from '../exits.ts';
import { gatewayOf, type Gateway } from '../gateway/gateway-client.ts';
import { liveEvents, snapshotNow } from '../gateway/live-events.ts';
import { plainText } from '../terminal/table.ts';

/** Time for the gateway to pause it when the command is stopped. Milliseconds. */
const PAUSE_MS = 5000;

export const pullModel: Run<'models pull'> = async ({ args: [model], options }, host) => {
  const gateway = await gatewayOf(options, host);
  const progress = options.json ? undefined : progressOn(host.terminal, host.now);
  const { on } = options;
  const wish = on === undefined ? { model } : { model, upstream: on };
  const isSame = (pull: PullView): boolean =>
    canonicalName(pull.model) === canonicalName(model) && (on ?? pull.upstream) === pull.upstream;
  const { pulls } = await gateway.ask<{ readonly pulls: readonly PullView[] }>('GET', '/api/pulls');
  // A download that somebody else had queued is only watched: it continues when this command is stopped.
  const isOthers = pulls.some((pull) => isSame(pull) && (pull.state === 'running' || pull.state === 'waiting'));
  let first: PullView | undefined;
  try {
    first = await gateway.ask<PullView>('POST', '/api/pulls', wish);
    for await (const pull of followed(gateway, first)) {
      if (progress === undefined) host.terminal.write(`${JSON.stringify(pull)}\n`);
      else progress.show(pull);
      if (pull.state === 'failed') throw await failed(gateway, pull);
    }
  } catch (error) {
    if (host.signal.aborted && !isOthers) {
      const left = await gatewayOf(options, { ...host, signal: AbortSignal.timeout(PAUSE_MS) });
      const { upstream } = first ?? wish;
      const which = upstream === undefined ? { model } : { model, upstream };
      await left.ask('POST', '/api/pulls', { ...which, paused: true }).catch(() => undefined);
    }
    throw error;
  } finally {
    progress?.end();
  }
  const where = first.upstream === undefined ? '' : ` on ${first.upstream}`;
  if (!(await isInstalled(gateway, first))) {
    throw new Exit(EXIT.tempfail, `The download of ${model}${where} was cancelled.`);
  }
  if (!options.json) host.terminal.tell(`${plainText(`${model} is installed${where}.`)}\n`);
};

/** Asks Ollama now; with several machines, the gateway's view of the machine that it was for. */
async function isInstalled(gateway: Gateway, { model, upstream }: PullView): Promise<boolean> {
  const { models } = await gateway.ask<{ readonly models: readonly { readonly name: string }[] }>('GET', '/api/tags');
  const isIt = (name: string): boolean => canonicalName(name) === canonicalName(model);
  if (!models.some(({ name }) => isIt(name))) return false;
  const { health } = await snapshotNow(gateway);
  const there = health.upstreams?.find(({ name }) => name === upstream)?.models;
  return there === undefined || there === null || there.some(isIt);
}

/** Its state, at first and at each change, until it leaves the queue. */
async function* followed(gateway: Gateway, first: PullView): AsyncGenerator<PullView, void, undefined> {
  yield first;
  for await (const { name, data } of liveEvents(gateway)) {
    if (name !== 'pulls' && name !== 'snapshot') continue;
    const now = data.pulls.find(
      ({ model, upstream }) => canonicalName(model) === canonicalName(first.model) && upstream === first.upstream,
    );
    if (now === undefined) return;
    yield now;
  }
}

/** A download that received nothing is removed from the queue: a retry would fail in the same way. */
async function failed(gateway: Gateway, { model, upstream, error, completed }: PullView): Promise<Exit> {
  const on = upstream === undefined ? '' : `&upstream=${encodeURIComponent(upstream)}`;
  if (completed === null) await gateway.ask('DELETE', `/api/pulls?model=${encodeURIComponent(model)}${on}`);
  const stays = completed === null ? '' : ' What is there stays: the same command goes on from it.';
  return new Exit(EXIT.data, `${model} cannot be installed. ${plainText(error ?? '')}${stays}`);
}

const BAR = 24;
const PHASES: Readonly<Record<PullPhase, string>> = {
  looking: 'looking it up',
  downloading: 'downloading',
  checking: 'checking what came',
  installing: 'installing',
};

/** A single updated line on a terminal; elsewhere one line per step. */
function progressOn(terminal: Terminal, now: Host['now']) {
  let step = '';
  let said = '';
  let drawn = 0;
  return {
    show(pull: PullView): void {
      const text = stepOf(pull);
      const isNew = text !== step;
      if (!isNew && !terminal.isTerminal) return;
      if (isNew && terminal.isTerminal && step !== '') terminal.tell('\n');
      step = text;
      const line = plainText(`${text}${terminal.isTerminal ? figuresOf(pull) : ''}`);
      if (line === said) return;
      [said, drawn] = [line, now()];
      terminal.tell(terminal.isTerminal ? `\r\u001B[K${line}` : `${line}\n`);
    },
    end(): void {
      if (terminal.isTerminal && drawn > 0) terminal.tell('\n');
    },
  };
}

function stepOf({ state, phase, error }: PullView): string {
  if (state === 'running' && phase !== null) return PHASES[phase];
  if (state === 'waiting') return error === null ? 'waiting for its turn' : `${error} It goes on by itself.`;
  return state;
}

function figuresOf({ completed, total, bytes_per_s: speed, left_ms: left }: PullView): string {
  if (completed === null || total === null || total === 0) return '';
  const share = completed / total;
  const done = Math.floor(share * BAR);
  const bar = `${'█'.repeat(done)}${'░'.repeat(BAR - done)}`;
  const pace = speed === null ? '' : `, ${bytes(speed)}/s`;
  const time = left === null ? '' : `, about ${roughly(left)} left`;
  return `  ${bar} ${Math.floor(share * 100)} %  ${bytes(completed)} of ${bytes(total)}${pace}${time}`;
}
