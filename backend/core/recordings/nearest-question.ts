// Which recorded question is nearest to one that has no recorded answer, and what differs: in a test that fails, that is
// what its author wants to know. Pure.
import { quotation, sentence, type Sentence } from '../../contract/sentence.ts';
import type { RecordedQuestion } from './recorded-question.ts';
import type { QuestionText } from './recordings.ts';

/** Differences that are told. */
const MOST_TOLD = 3;

/** How far a question is from another one, and in what, as pieces of a sentence. */
interface Apart {
  readonly distance: number;
  readonly differences: readonly Sentence[];
}

/** What differs between a question and the nearest of some recorded ones, as a piece of a sentence; undefined without any. */
export function differencesFromNearest(
  asked: RecordedQuestion,
  recorded: readonly QuestionText[],
): Sentence | undefined {
  let nearest: Apart | undefined;
  for (const each of recorded) {
    const apart = apartFrom(asked, each);
    if (nearest === undefined || apart.distance < nearest.distance) nearest = apart;
  }
  if (nearest === undefined) return undefined;
  const { differences } = nearest;
  const told = differences.slice(0, MOST_TOLD).reduce((all, each) => sentence`${all}; ${each}`);
  return differences.length <= MOST_TOLD ? told : sentence`${told}; and ${differences.length - MOST_TOLD} more`;
}

function apartFrom(asked: RecordedQuestion, kept: QuestionText): Apart {
  const there = JSON.parse(kept.question) as Readonly<Record<string, unknown>>;
  const parts: Apart[] = [];
  for (const name of new Set([...Object.keys(asked.asks), ...Object.keys(there)])) {
    const [ours, theirs] = [asked.asks[name], there[name]];
    if (name === 'messages') parts.push(messagesApart(listOf(ours), listOf(theirs)));
    else if (name === 'options') parts.push(...optionsApart(tableOf(ours), tableOf(theirs)));
    else parts.push(valuesApart(name, ours, theirs));
  }
  parts.push(valuesApart('model', asked.model, kept.model), valuesApart('namespace', asked.namespace, kept.namespace));
  return {
    distance: parts.reduce((all, { distance }) => all + distance, 0),
    differences: parts.flatMap(({ differences }) => differences),
  };
}

const SAME: Apart = { distance: 0, differences: [] };

/** What is said counts most: up to as much as all else that usually differs. */
const ALL_SAID = 5;

/** The texts are compared where both have a message; of those that only one of them has, the number is told. */
function messagesApart(ours: readonly unknown[], theirs: readonly unknown[]): Apart {
  const differences: Sentence[] = [];
  let other = 0;
  let all = 1;
  for (let i = 0; i < Math.max(ours.length, theirs.length); i++) {
    const [own, their] = [tableOf(ours[i]), tableOf(theirs[i])];
    const [ownJson, theirJson] = [JSON.stringify(own), JSON.stringify(their)];
    const longest = Math.max(ownJson.length, theirJson.length);
    all += longest;
    if (ownJson === theirJson) continue;
    other += longest - common(ownJson, theirJson);
    if (i < ours.length && i < theirs.length) differences.push(messageDiffers(i + 1, own, their));
  }
  const more = ours.length - theirs.length;
  if (more !== 0) differences.push(sentence`${counted(Math.abs(more), 'message')} ${more > 0 ? 'more' : 'fewer'}`);
  return { distance: (other / all) * ALL_SAID, differences };
}

function messageDiffers(number: number, ours: Table, theirs: Table): Sentence {
  for (const name of ['role', ...Object.keys(ours), ...Object.keys(theirs)]) {
    const [own, their] = [ours[name], theirs[name]];
    if (JSON.stringify(own) === JSON.stringify(their)) continue;
    if (name === 'content' && typeof own === 'string' && typeof their === 'string') {
      return sentence`message ${number} differs from character ${shown(prefix(own, their) + 1)}`;
    }
    if (name === 'role') return sentence`message ${number} is of ${quotation(own)} instead of ${quotation(their)}`;
    return sentence`message ${number} differs in its ${name}`;
  }
  return sentence`message ${number} differs`;
}

function optionsApart(ours: Table, theirs: Table): Apart[] {
  const names = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  return [...names].map((name) => valuesApart(name, ours[name], theirs[name]));
}

/** A text by the place where it begins to differ; all else by what it is. */
function valuesApart(name: string, ours: unknown, theirs: unknown): Apart {
  const [own, their] = [JSON.stringify(ours) ?? '', JSON.stringify(theirs) ?? ''];
  if (own === their) return SAME;
  const texts = typeof ours === 'string' && typeof theirs === 'string' && name !== 'model' && name !== 'namespace';
  if (texts) {
    const far = 1 - common(ours, theirs) / Math.max(ours.length, theirs.length);
    const where = sentence`${name} differs from character ${shown(prefix(ours, theirs) + 1)}`;
    return { distance: far * ALL_SAID, differences: [where] };
  }
  const short = Math.max(own.length, their.length) <= LONGEST_SHOWN;
  const how = sentence`${name} ${said(ours)} instead of ${said(theirs)}`;
  return { distance: 1, differences: [short ? how : sentence`another ${name}`] };
}

/** Characters of a value that is told. */
const LONGEST_SHOWN = 60;

const said = (value: unknown): Sentence | string =>
  value === undefined || value === '' ? 'nothing' : quotation(value);

type Table = Readonly<Record<string, unknown>>;

function tableOf(value: unknown): Table {
  return typeof value === 'object' && value !== null ? (value as Table) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** How many characters two texts have in common at their beginning. */
function prefix(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let at = 0;
  while (at < most && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return at;
}

/** The same at their beginning and end together. */
function common(a: string, b: string): number {
  const begin = prefix(a, b);
  const most = Math.min(a.length, b.length) - begin;
  let end = 0;
  while (end < most && a.charCodeAt(a.length - 1 - end) === b.charCodeAt(b.length - 1 - end)) end++;
  return begin + end;
}

/** 1204 as "1,204" */
const shown = (count: number): string => String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');

const counted = (count: number, unit: string): string => `${count} ${unit}${count === 1 ? '' : 's'}`;
