// What stands in the place of figures while the gateway does not run: why, and the way out.
import type { JSX } from 'preact';
import type { GatewayView } from '../backend/contract/desktop.ts';
import { useCalls, useReportedAction } from './actions.ts';
import { Empty } from './parts.tsx';
import { roughly } from './words.ts';

export function NotRunning({ gateway }: { readonly gateway: GatewayView }): JSX.Element {
  const { failure, state } = gateway;
  if (failure?.kind === 'port_taken' && state !== 'starting') {
    const { holder } = failure;
    const up = holder.uptime_ms === undefined ? '' : `, up for ${roughly(holder.uptime_ms)}`;
    const version = holder.version === undefined ? 'It' : `Version ${holder.version}`;
    const who = holder.hearth ? 'another Hearth' : 'another program';
    const what = holder.hearth ? `${version} answers there${up}. Stop that one` : 'It does not say which. Close it';
    return (
      <Empty mark="stopped" title={`Port ${failure.port} is taken by ${who}`}>
        <p>{what}, or use another port. Hearth tries again by itself.</p>
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
