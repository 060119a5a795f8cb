// What stands in the place of figures while the gateway does not run: why, and the way out.
import type { JSX } from 'preact';
import type { GatewayFailure, GatewayView } from '../../backend/contract/desktop.ts';
import { useCalls, useReportedAction } from './use-calls.ts';
import { Empty } from './parts.tsx';
import { roughly } from './words.ts';

export function NotRunning({ gateway }: { readonly gateway: GatewayView }): JSX.Element {
  const { failure, state } = gateway;
  if (failure?.kind === 'port_taken' && state !== 'starting') {
    const { who, what } = holderWords(failure.holder);
    return (
      <Empty mark="stopped" title={`Port ${failure.port} is taken by ${who}`}>
        <p>{what} Hearth tries again by itself.</p>
        <PortButtons port={failure.port} next={failure.next_port} />
      </Empty>
    );
  }
  if (state === 'draining') {
    return (
      <Empty mark="stopped" title="Gateway is stopping">
        <p>Running answers are finished first. New requests are refused.</p>
      </Empty>
    );
  }
  if (state === 'starting' || state === 'running') {
    return (
      <Empty mark="cold" title="Gateway is starting">
        <p>Apps can reach it in a moment.</p>
      </Empty>
    );
  }
  if (failure?.kind === 'crashed') {
    return (
      <Empty mark="stopped" title="The gateway ended by itself">
        <p>{failure.sentence}</p>
        <p>It comes back by itself. Until then apps get “connection refused”.</p>
      </Empty>
    );
  }
  if (failure?.kind === 'other') {
    return (
      <Empty mark="stopped" title="The gateway could not start">
        <p>{failure.sentence}</p>
      </Empty>
    );
  }
  return (
    <Empty mark="stopped" title="Gateway is stopped">
      <p>Start it above. Until then apps get “connection refused”.</p>
    </Empty>
  );
}

type Holder = Extract<GatewayFailure, { readonly kind: 'port_taken' }>['holder'];

function holderWords({ hearth, ollama, version, uptime_ms }: Holder): { readonly who: string; readonly what: string } {
  if (ollama === true) {
    return { who: 'Ollama', what: 'Hearth stands between your apps and Ollama, so it needs a port of its own.' };
  }
  if (!hearth) return { who: 'another program', what: 'It does not say which. Close it, or use another port.' };
  const up = uptime_ms === undefined ? '' : `, up for ${roughly(uptime_ms)}`;
  const which = version === undefined ? 'It' : `Version ${version}`;
  return { who: 'another Hearth', what: `${which} answers there${up}. Stop that one, or use another port.` };
}

function PortButtons({ port, next }: { readonly port: number; readonly next: number | null }): JSX.Element {
  const { call, go } = useCalls();
  const { run, busy } = useReportedAction();
  return (
    <p class="btns">
      {next === null ? (
        <button class="btn primary" type="button" onClick={() => go('settings')}>
          Choose a port…
        </button>
      ) : (
        <button
          class="btn primary"
          type="button"
          aria-disabled={busy}
          onClick={() => run(() => call('use_port', { port: next }))}
        >
          Use {next}
        </button>
      )}
      <button class="btn" type="button" aria-disabled={busy} onClick={() => run(() => call('start_gateway', {}))}>
        Try {port} again
      </button>
    </p>
  );
}
