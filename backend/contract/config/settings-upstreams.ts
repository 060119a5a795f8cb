// The setting that lists several Ollamas. A declaration only; config.ts joins all sections, and upstream-list.ts has
// the list's format.
import { MOST_UPSTREAMS, UPSTREAMS_ALLOWED, upstreamListSchema } from '../rules/upstream-list.ts';
import { field } from './config-field.ts';

export const upstreams = field(
  { type: upstreamListSchema, kind: 'upstreams', allowed: UPSTREAMS_ALLOWED, max: MOST_UPSTREAMS, item: 'a machine' },
  {
    title: 'Several machines',
    hint: 'Ollamas on several machines, instead of the one at ollama.api_url: each with url, and name, key, priority (1 goes first), weight, models, slots and wake where they are wanted. docs/several-machines.md tells how requests are shared out.',
    default: [],
    applies: 'restart',
    advanced: true,
    secret: 'upstreams',
    env: ['HEARTH_UPSTREAMS'],
  },
);
