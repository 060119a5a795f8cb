// Finds the recorded question that is nearest to one without a recorded answer, and what differs: the author of a
// failing test needs to know that. Pure.
import { quotation, sentence, type Sentence } from '../../contract/sentence.ts';
import {
  ALL_SAID,
  common,
  counted,
  listed,
  prefix,
  shown,
  tableOf,
  tablesApart,
  valuesApart,
  type Apart,
  type Table,
} from '../value-differences.ts';
import type { RecordedQuestion } from './recorded-question.ts';
import type { QuestionText } from './recordings.ts';

/** How a question differs from the nearest recorded one, as part of a sentence; undefined when nothing is recorded. */
export function differencesFromNearest(
  asked: RecordedQuestion,
  recorded: readonly QuestionText[],
): Sentence | undefined {
  let nearest: Apart | undefined;
  for (const each of recorded) {
    const apart = apartFrom(asked, each);
    if (nearest === undefined || apart.distance < nearest.distance) nearest = apart;
  }
  return nearest && listed(nearest.differences);
}

function apartFrom(asked: RecordedQuestion, kept: QuestionText): Apart {
  const there = JSON.parse(kept.question) as Readonly<Record<string, unknown>>;
  const parts: Apart[] = [];
  for (const name of new Set([...Object.keys(asked.asks), ...Object.keys(there)])) {
    const [ours, theirs] = [asked.asks[name], there[name]];
    if (name === 'messages') parts.push(messagesApart(listOf(ours), listOf(theirs)));
    else if (name === 'options') parts.push(...tablesApart(tableOf(ours), tableOf(theirs)));
    else parts.push(valuesApart(name, ours, theirs));
  }
  parts.push(valuesApart('model', asked.model, kept.model), valuesApart('namespace', asked.namespace, kept.namespace));
  return {
    distance: parts.reduce((all, { distance }) => all + distance, 0),
    differences: parts.flatMap(({ differences }) => differences),
  };
}

/** Compares texts where both have a message; messages that only one of them has are counted. */
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

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
