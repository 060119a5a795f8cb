// What GET /metrics tells, as a test reads it.
import type { Hearth } from './hearth.ts';

/** The values by their series, as in `hearth_queue_waiting` or `hearth_slots{lane="chat"}`. */
export type Figures = ReadonlyMap<string, number>;

export function figuresIn(text: string): Figures {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}

export async function figuresOf({ get }: Pick<Hearth, 'get'>): Promise<Figures> {
  return figuresIn(await (await get('/metrics')).text());
}
