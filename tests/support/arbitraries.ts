// What property tests draw from: texts as people and models write them, pieces of answers, whole answers.
import { fc } from './property.ts';
import { CompletionBuilder, type Completion, type Piece } from '../../backend/contract/chat/chat.ts';

/** Texts that a careless cut would break: joined emoji, flags, combining marks, conjuncts, Hangul, CR LF, unusual spaces. */
const DELICATE = [
  '👨‍👩‍👧‍👦',
  '👩🏽‍💻',
  '🏳️‍🌈',
  '🇩🇪',
  '🇫🇷🇮🇹',
  '👍🏿',
  'é',
  'ä̧̌',
  'क्षि',
  'நி',
  '각',
  '\r\n',
  '\n',
  ' ',
  '  ',
  '\t',
  '\u00a0',
  '\u3000',
  '\u200d',
  '\u0600 1',
  '日本語',
  'word',
  'antidisestablishmentarianism-and-more',
  '.',
];

/** Whole characters, in an order that nobody would expect. */
export const delicateText = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...DELICATE) },
      { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 6 }) },
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(''));

/** Any sequence of UTF-16 units: also halves of surrogate pairs. */
export const anyUnits = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 })
  .map((units) => String.fromCharCode(...units));

const anyText = fc.oneof(delicateText, anyUnits, fc.string());

/** Through JSON once, since it knows no -0. */
const jsonObject = fc
  .dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4, noNullPrototype: true })
  .map((value) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>);

const toolCall = fc.record({ function: fc.record({ name: fc.string(), arguments: jsonObject }) });

export const anyPiece: fc.Arbitrary<Piece> = fc.record(
  {
    content: fc.oneof(fc.constant(''), anyText),
    thinking: fc.oneof({ weight: 3, arbitrary: fc.constant('') }, { weight: 1, arbitrary: anyText }),
    tool_calls: fc.array(toolCall, { maxLength: 3 }),
    extra: jsonObject,
  },
  { requiredKeys: ['content', 'thinking'] },
);

const count = fc.nat({ max: 2 ** 53 - 1 });

/** A finished answer as the fold of any pieces. */
export const anyCompletion: fc.Arbitrary<Completion> = fc
  .tuple(
    fc.array(anyPiece, { maxLength: 20 }),
    fc.record(
      {
        created_at: fc.string(),
        done_reason: fc.constantFrom('stop', 'length', 'load', ''),
        metrics: fc.record({
          total_duration: count,
          load_duration: count,
          prompt_eval_count: count,
          prompt_eval_duration: count,
          eval_count: count,
          eval_duration: count,
        }),
        extra: jsonObject,
      },
      { requiredKeys: ['created_at', 'done_reason', 'metrics'] },
    ),
  )
  .map(([pieces, end]) => {
    const folder = new CompletionBuilder();
    for (const piece of pieces) folder.add(piece);
    return folder.finish(end);
  });
