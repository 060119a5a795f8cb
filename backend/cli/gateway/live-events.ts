// Live activity of the gateway: the named events of GET /api/events.
import type { EventData, EventName } from '../../contract/views/control.ts';
import type { Gateway } from './gateway-client.ts';

/** One event, with the data of its kind. */
export type LiveEvent = { readonly [N in EventName]: { readonly name: N; readonly data: EventData<N> } }[EventName];

/** A full snapshot first, then changes, until the gateway stops. Throws Exit as Gateway does. */
export async function* liveEvents(gateway: Gateway): AsyncGenerator<LiveEvent, void, undefined> {
  let name = '';
  let data = '';
  for await (const line of gateway.lines('GET', '/api/events')) {
    if (line.startsWith('event: ')) name = line.slice('event: '.length);
    else if (line.startsWith('data: ')) data += line.slice('data: '.length);
    else if (line === '' && data !== '') {
      // Trusted to have the contract's type, as all answers of the gateway (gateway-client.ts).
      yield { name, data: JSON.parse(data) } as LiveEvent;
      [name, data] = ['', ''];
    }
  }
}

/** The current state of everything. */
export async function snapshotNow(gateway: Gateway): Promise<EventData<'snapshot'>> {
  for await (const event of liveEvents(gateway)) if (event.name === 'snapshot') return event.data;
  throw new Error('The gateway has ended its events before the first one.');
}
