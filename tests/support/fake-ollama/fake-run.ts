// Plays one model run onto the wire: waits for model, slot and gates, then pieces, failures and the final chunk, as scripted.
// Deliberately one road: without streaming the same pieces take the same time and are folded into one object at the end.
import type { Scripted, ScriptedPiece } from './fake-call.ts';
import { Folding, chunkOf, finalOf } from './fake-chunks.ts';
import type { Run } from './fake-chunks.ts';
import type { Ticket, Want } from './fake-scheduler.ts';
import { FakeError, Lines, turn } from './fake-wire.ts';
import type { Client } from './fake-wire.ts';
import type { World } from './fake-world.ts';

const FREE: Ticket = { cold: false, readyAt: 0, release: () => undefined };

/** Waits for model and slot, runs `work` there, and gives the slot back. Cloud models need neither. */
export async function inSlot(
  world: World,
  want: Want,
  client: Client,
  work: (ticket: Ticket) => Promise<void>,
): Promise<void> {
  const ticket = want.model.remote
    ? { ...FREE, readyAt: performance.now() }
    : await world.scheduler.acquire(want, client);
  if (ticket === undefined) return;
  client.call.loaded = ticket.cold ? 'cold' : 'warm';
  world.enter();
  try {
    await work(ticket);
  } finally {
    ticket.release();
    world.leave();
  }
}

/** Gates, hold, firstPieceMs, silence and early failure: what comes before the first byte. False when there is nothing left to do. */
export async function beforeFirstByte(world: World, client: Client, script: Scripted): Promise<boolean> {
  if (world.runGates.shut && !(await world.runGates.pass(client))) return false;
  if (script.hold !== undefined && !(await client.wait(script.hold))) return false;
  if (script.firstPieceMs !== undefined && !(await client.sleep(script.firstPieceMs))) return false;
  if (script.silent === true) return client.wait(new Promise(() => undefined));
  if (script.fail !== undefined) throw new FakeError(script.fail.status, script.fail.error);
  if (script.cutAfter === 0) {
    await client.cut();
    return false;
  }
  return !client.stopped;
}

/** Ollama gives up silently on a model that says the same word again and again (llm/llama_server.go). */
class Repeats {
  #last = '';
  #count = 0;

  /** True for the piece that repeats the first one for the 31st time: the answer ends before it, without `done`. */
  exceededBy({ content = '', thinking = '' }: Exclude<ScriptedPiece, string>): boolean {
    const word = (content + thinking).trim();
    this.#count = word === this.#last ? this.#count + 1 : 0;
    this.#last = word;
    return this.#count > 30;
  }
}

export async function play(world: World, run: Run, ticket: Ticket): Promise<void> {
  const { client, script, call } = run;
  const startedAt = performance.now();
  if (!(await beforeFirstByte(world, client, script))) return;
  const firstAt = performance.now();
  const count = run.pieces.length;
  // A trouble "after N" beyond the last piece comes after the last piece.
  const after = (pieces: number | undefined): number => (pieces === undefined ? -1 : Math.min(pieces, count));
  const cutAt = after(script.cutAfter);
  const failAt = after(script.failAfter?.pieces);
  const endAt =
    script.endWithoutDone === true ? count : script.endWithoutDone === false ? -1 : after(script.endWithoutDone);
  const malformedAt = after(script.malformedAfter);
  const pauseAt = after(script.pauseAfter?.pieces);
  const pieceMs = script.pieceMs ?? world.options.pieceMs ?? 0;
  const out = run.stream
    ? new Lines(client, { chunkBytes: script.chunkBytes, atOnce: pieceMs < 0 && script.chunkBytes === undefined })
    : new Folding(run);

  const repeats = new Repeats();
  for (let index = 0; ; index++) {
    if (index === pauseAt && script.pauseAfter !== undefined) {
      await out.flush();
      if (!(await client.wait(script.pauseAfter.until))) return;
    }
    if (index === malformedAt) await out.raw(`{"model":"${run.spelled}","message":{"content":"bro\n`);
    if (index === failAt && script.failAfter !== undefined) {
      if (!run.stream) throw new FakeError(500, script.failAfter.error);
      await out.json({ error: script.failAfter.error });
      await out.close('error');
      return;
    }
    if (index === cutAt) {
      await out.flush();
      await client.cut();
      return;
    }
    if (index === endAt) {
      await out.close('done');
      return;
    }
    const piece = run.pieces[index];
    if (piece === undefined) break;
    if (index > 0 && pieceMs >= 0) await (pieceMs > 0 ? client.sleep(pieceMs) : turn());
    if (client.stopped) return;
    const said = typeof piece === 'string' ? { content: piece } : piece;
    if (repeats.exceededBy(said)) return out.close('done');
    call.pieces++;
    await out.json(chunkOf(run, said));
    world.changed();
  }
  await out.json(finalOf(run, ticket, startedAt, firstAt));
  await out.close('done');
}
