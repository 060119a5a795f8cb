// A cached answer as text in Valkey: time stored · key, owner and model · notes · the record. The first line is short,
// since scripts read it to find what must be removed.
import { crc32 } from 'node:zlib';
import { canonicalName } from '../contract/model-name.ts';
import type { AnswerNotes, StoredAnswer } from '../core/disk.ts';

/** Digits of the time that Valkey itself writes in front of the text: milliseconds since 1970. */
export const TIME_DIGITS = 13;
const LINE_END = 0x0a;

interface Noted extends Omit<AnswerNotes, 'owner'> {
  readonly ttlMs: number;
  readonly sum: number;
}

/** The stored text, without the time. */
export function written(key: string, record: Uint8Array, { owner, ...notes }: AnswerNotes, ttlMs: number): Buffer {
  const first = JSON.stringify([key, owner, canonicalName(notes.model)]);
  const about = { ...notes, ttlMs };
  const noted: Noted = { ...about, sum: sumOf(first, about, record) };
  return Buffer.concat([Buffer.from(`${first}\n${JSON.stringify(noted)}\n`), record]);
}

/**
 * The answer stored under this key; `leftMs`: milliseconds until it expires. Undefined if it belongs to another key, or
 * is damaged.
 */
export function read(key: string, text: Buffer, leftMs: number): StoredAnswer | undefined {
  const firstEnd = text.indexOf(LINE_END, TIME_DIGITS);
  const notedEnd = text.indexOf(LINE_END, firstEnd + 1);
  if (firstEnd < 0 || notedEnd < 0) return undefined;
  const first = text.toString('utf8', TIME_DIGITS, firstEnd);
  const bytes = text.subarray(notedEnd + 1);
  const [{ sum, ...about }, [whose, owner]] = parsed(first, text.toString('utf8', firstEnd + 1, notedEnd));
  if (whose !== key || owner === undefined || sum !== sumOf(first, about, bytes)) return undefined;
  const { ttlMs, ...notes } = about;
  return { owner, ...notes, bytes, ageMs: Math.max(0, ttlMs - leftMs), leftMs: Math.min(leftMs, Math.ceil(ttlMs)) };
}

/** Not validated: the checksum shows afterwards that Hearth wrote it. */
function parsed(first: string, noted: string): [Partial<Noted> & Omit<Noted, 'sum'>, readonly string[]] {
  try {
    return [JSON.parse(noted) as Noted, JSON.parse(first) as readonly string[]];
  } catch {
    return [{ model: '', runMs: 0, tokens: 0, marks: [], ttlMs: 0 }, []];
  }
}

function sumOf(first: string, about: Omit<Noted, 'sum'>, record: Uint8Array): number {
  return crc32(record, crc32(first + JSON.stringify(about)));
}
