// The current state of the machines, in the shape of contract/views/machine-view.ts.
import type { MachineView } from '../../../contract/views/machine-view.ts';
import { asleepSentence, maySoonBeUp } from './sleeping.ts';
import type { Machines } from './machine-choice.ts';

/** All machines by priority; the single one when none is listed. */
export function machinesView(machines: Machines): MachineView[] {
  return machines.inOrder.map((machine) => {
    const { place, watch, queue, config, waker } = machine;
    const { url, status, reason, code, version, latency_ms, breaker, installed, loaded } = watch.state;
    const isWaking = waker?.isWaking === true && status !== 'up';
    return {
      name: place?.name ?? 'ollama',
      url,
      state: isWaking ? 'waking' : status,
      reason: (maySoonBeUp(machine) ? asleepSentence(machine) : reason) ?? null,
      ...(code === undefined ? {} : { code }),
      version: version ?? null,
      latency_ms: latency_ms === undefined ? null : Math.round(latency_ms * 10) / 10,
      priority: place?.priority ?? 1,
      weight: place?.weight ?? 1,
      slots: config().queue.max_concurrent,
      running: queue.running,
      waiting: queue.waiting,
      models: installed === undefined ? null : installed.map(({ name }) => name),
      loaded: loaded.map(({ name }) => name),
      breaker,
      ...(isWaking ? { waking_ms: Math.round(waker.leftMs) } : {}),
    };
  });
}
