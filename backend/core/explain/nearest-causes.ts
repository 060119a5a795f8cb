// Why a request had no kept answer when the same was never asked: how the nearest kept question differs.
import type { Cause } from './cause.ts';
import type { MissedFacts, NearestFacts } from './missed-facts.ts';
import { time } from './why-words.ts';

type MissedCause = Cause<MissedFacts>;

/** A cause that needs the nearest kept question. */
function ofNearest(
  tell: (nearest: NearestFacts, facts: MissedFacts) => ReturnType<MissedCause['tell']>,
): MissedCause['tell'] {
  return (facts) => (facts.nearest === undefined ? undefined : tell(facts.nearest, facts));
}

/** How the nearest kept question differs. */
export const NEAREST_CAUSES: readonly MissedCause[] = [
  {
    name: 'model-updated',
    when: 'The model is another one under the same name since the same question was answered.',
    tell: ofNearest(({ isSame, model: isOther }, { model }) =>
      isSame && isOther
        ? {
            text: `${model} was updated since the same was answered, so the model was asked anew.`,
            more: 'Answers of the model that it was before are not given any more.',
          }
        : undefined,
    ),
  },
  {
    name: 'ollama-updated',
    when: 'Ollama is of another version since the same question was answered.',
    tell: ofNearest(({ isSame, versions }) =>
      isSame && versions !== undefined
        ? {
            text: `Ollama went from ${versions[0]} to ${versions[1]} since the same was answered, so the model was asked anew.`,
            more: 'Another version may answer otherwise.',
          }
        : undefined,
    ),
  },
  {
    name: 'other-ollama',
    when: 'The same question was answered by an Ollama at another address.',
    tell: ofNearest(({ isSame, address }) =>
      isSame && address ? { text: 'The same was answered by an Ollama at another address.' } : undefined,
    ),
  },
  {
    name: 'other-namespace',
    when: 'The answer is kept in another namespace of the same owner.',
    tell: ofNearest(({ isSame, namespace }) =>
      isSame && namespace ? { text: 'The answer to the same is kept in another cache.namespace.' } : undefined,
    ),
  },
  {
    name: 'other-context',
    when: 'The nearest kept question differs in num_ctx alone.',
    setting: { path: 'ollama.num_ctx_policy', label: 'Let Hearth choose the context' },
    tell: ofNearest(({ isOtherContext, differences }) =>
      isOtherContext ? { text: `The same is kept with another context: ${differences}.` } : undefined,
    ),
  },
  {
    name: 'differs',
    when: 'A question that is like it is kept; what differs is told.',
    tell: ofNearest(({ isLike, differences }) =>
      isLike && differences !== '' ? { text: `It differs from the nearest kept question: ${differences}.` } : undefined,
    ),
  },
  {
    name: 'all-new',
    when: 'Answers of this model are kept, but none to a question like it.',
    tell: ofNearest(({ isLike }, { model }) =>
      isLike
        ? undefined
        : { text: `Nothing like it was asked of ${model} among the last questions whose answers are kept.` },
    ),
  },
];

/** Causes when there is nothing to compare with. */
export const LAST_CAUSES: readonly MissedCause[] = [
  {
    name: 'texts',
    when: 'No vector is kept of some of its texts.',
    tell: ({ texts }) => {
      if (texts === undefined) return undefined;
      const { all, missing } = texts;
      if (all === 1) return { text: 'No vector of its text is kept.' };
      return {
        text:
          missing === all
            ? `No vector of its ${all} texts is kept.`
            : `Of ${missing} of its ${all} texts no vector is kept.`,
      };
    },
  },
  {
    name: 'none-left',
    when: 'Answers of this model had been kept, and none is kept any more.',
    tell: ({ nearest, wasKept, fate, model }) =>
      nearest === undefined && fate === undefined && wasKept
        ? { text: `Of the last answers of ${model} none is kept any more.` }
        : undefined,
  },
  {
    name: 'first',
    when: 'No answer of this model has been kept since Hearth started.',
    tell: ({ nearest, fate, model, upMs }) =>
      nearest === undefined && fate === undefined
        ? { text: `No answer of ${model} has been kept since Hearth started ${time(upMs)} before.` }
        : undefined,
  },
];
