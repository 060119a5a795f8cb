// Keeps the text of an answer when it has ended, however it ended.
import { answerMessage, CompletionBuilder, type ChatEvent, type Completion } from '../../../contract/chat/chat.ts';
import { asAppError } from '../../../contract/errors.ts';
import type { ShownAnswer } from '../../../contract/views/request-body.ts';
import type { Answer } from '../../requests/call.ts';
import { shownText } from '../../requests/shown-text.ts';
import { once } from './follow.ts';
import type { RequestTexts } from '../views/request-texts.ts';

/** The same answer, whose text is kept if that is wanted for its request. */
export function withTranscript(answer: Answer, texts: Pick<RequestTexts, 'wants' | 'answered'>): Answer {
  const { ticket } = answer;
  if (!texts.wants(ticket.id)) return answer;
  const folder = new CompletionBuilder();
  let said: Pick<Completion, 'content' | 'thinking' | 'tool_calls'> | undefined;
  let failure: unknown;
  const over = once(() => {
    const error = failure === undefined ? ticket.error : asAppError(failure);
    texts.answered(ticket, shownAnswer(said ?? { ...folder.partial, tool_calls: [] }, error?.message));
  });
  const failed = (error: unknown): never => {
    failure = error;
    throw error;
  };

  async function* listened(): AsyncGenerator<ChatEvent, void, undefined> {
    try {
      for await (const event of answer.events) {
        if (event.type === 'piece') folder.add(event.piece);
        if (event.type === 'end') {
          said = folder.finish(event.end);
          over();
        }
        yield event;
      }
    } catch (error) {
      failed(error);
    } finally {
      over();
    }
  }

  return {
    ticket,
    known: answer.known,
    events: listened(),
    tail: (signal) => answer.tail(signal),
    whole: () => {
      const whole = answer.whole();
      if (!(whole instanceof Promise)) {
        said = whole.whole();
        over();
        return whole;
      }
      const told = whole.then((completion) => {
        said = completion;
        return completion;
      }, failed);
      return told.finally(over);
    },
    close: () => {
      answer.close();
      over();
    },
  };
}

/** The answer in the form in which it is shown. */
function shownAnswer(
  said: Pick<Completion, 'content' | 'thinking' | 'tool_calls'>,
  error: string | undefined,
): ShownAnswer {
  const { content, thinking, tool_calls: calls } = answerMessage(said);
  return {
    ...shownText(content),
    ...(thinking === undefined ? {} : { thinking: shownText(thinking).text }),
    ...(calls === undefined ? {} : { tool_calls: shownText(JSON.stringify(calls)).text }),
    ...(error === undefined ? {} : { error }),
  };
}
