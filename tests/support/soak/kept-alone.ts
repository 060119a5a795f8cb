// Kept answers alone, as fast as they come: what a soak asks where nothing new is to be met, so that memory that grows is lost.
import type { Asker } from './asker.ts';
import { judged } from './judge.ts';
import { CHAT_MODELS, type Said } from './model.ts';
import { OWN } from './soak-routes.ts';

const CALLERS = 12;

/** Asks one question after the other, again and again. With `anew` each request is one that never came before, of the same meaning. */
export async function askKept(
  asker: Asker,
  texts: readonly string[],
  count: number,
  { anew = false }: { readonly anew?: boolean } = {},
): Promise<void> {
  let next = 0;
  const use = async (): Promise<void> => {
    while (next < count) {
      const number = next++;
      const content = texts[number % texts.length] ?? '';
      const [model] = CHAT_MODELS;
      const said: Said = {
        form: 'chat',
        model,
        texts: [`user: ${content}`],
        thinks: false,
        tools: false,
        seed: undefined,
      };
      const wish = { said, messages: [{ role: 'user', content }], stream: false };
      const body = { ...OWN.body(wish), ...(anew && { user: `caller ${number}` }) };
      await asker.ask(
        { method: 'POST', path: OWN.path, body, headers: { 'x-stream-replay': 'instant' } },
        {
          name: 'kept alone',
          counts: true,
          judge: (reply, troubled) => judged({ route: OWN, said, text: content, troubled }, reply),
        },
      );
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, use));
}
