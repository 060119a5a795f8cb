// What stands in the place of figures while the gateway does not run: why, and the way out.
import type { JSX } from 'preact';
import type { GatewayFailure, GatewayView } from '../../backend/contract/window/desktop.ts';
import { t } from '../../words/texts.ts';
import { useCalls, useReportedAction } from './use-calls.ts';
import { Empty } from './parts.tsx';
import { roughly } from './words.ts';

export function NotRunning({ gateway }: { readonly gateway: GatewayView }): JSX.Element {
  const { failure, state } = gateway;
  if (failure?.kind === 'port_taken' && state !== 'starting') {
    return (
      <Empty
        mark="stopped"
        title={t('parts.port_taken_by', { port: failure.port, holder: holderName(failure.holder) })}
      >
        <p>
          {holderWords(failure.holder)} {t('parts.tries_again')}
        </p>
        <PortButtons port={failure.port} next={failure.next_port} />
      </Empty>
    );
  }
  if (state === 'draining') {
    return (
      <Empty mark="stopped" title={t('parts.stopping')}>
        <p>{t('parts.stopping_more')}</p>
      </Empty>
    );
  }
  if (state === 'starting' || state === 'running') {
    return (
      <Empty mark="cold" title={t('parts.starting')}>
        <p>{t('parts.starting_more')}</p>
      </Empty>
    );
  }
  if (failure?.kind === 'crashed') {
    return (
      <Empty mark="stopped" title={t('parts.crashed')}>
        <p>{failure.sentence}</p>
        <p>{t('parts.crashed_more')}</p>
      </Empty>
    );
  }
  if (failure?.kind === 'other') {
    return (
      <Empty mark="stopped" title={t('parts.not_started')}>
        <p>{failure.sentence}</p>
      </Empty>
    );
  }
  return (
    <Empty mark="stopped" title={t('parts.stopped')}>
      <p>{t('parts.stopped_more')}</p>
    </Empty>
  );
}

type Holder = Extract<GatewayFailure, { readonly kind: 'port_taken' }>['holder'];

function holderName({ hearth, ollama }: Holder): string {
  return ollama === true ? 'ollama' : hearth ? 'hearth' : 'other';
}

/** What can be done about it. */
function holderWords({ hearth, ollama, version = 'none', uptime_ms }: Holder): string {
  if (ollama === true) return t('parts.holder_ollama');
  if (!hearth) return t('parts.holder_unknown');
  return t('parts.holder_hearth', { version, time: uptime_ms === undefined ? 'none' : roughly(uptime_ms) });
}

function PortButtons({ port, next }: { readonly port: number; readonly next: number | null }): JSX.Element {
  const { call, go } = useCalls();
  const { run, busy } = useReportedAction();
  return (
    <p class="btns">
      {next === null ? (
        <button class="btn primary" type="button" onClick={() => go('settings')}>
          {t('parts.choose_port')}
        </button>
      ) : (
        <button
          class="btn primary"
          type="button"
          aria-disabled={busy}
          onClick={() => run(() => call('use_port', { port: next }))}
        >
          {t('parts.use_port', { port: next })}
        </button>
      )}
      <button class="btn" type="button" aria-disabled={busy} onClick={() => run(() => call('start_gateway', {}))}>
        {t('parts.try_port', { port })}
      </button>
    </p>
  );
}
