// Chooses where a model is downloaded to: the named machine, or the first by priority that answers and may be asked for
// the model.
import { AppError } from '../../../contract/errors.ts';
import type { PullPlaces } from '../../models/pulls.ts';
import { nameOf, type Machine } from '../machines/machine.ts';
import type { Machines } from '../machines/machine-choice.ts';

export function pullPlaces(machines: Machines): PullPlaces {
  const at = (place: string): Machine | undefined => machines.all.find((machine) => nameOf(machine) === place);
  return {
    of(model, wished) {
      if (wished === undefined) return nameOf(pick(machines, model));
      const machine = at(wished);
      if (machine === undefined || wished === '') throw noSuchMachine(machines, wished);
      if (!machines.may(machine, model)) throw mayNot(model, [machine]);
      return wished;
    },
    away: (place) => at(place)?.watch.state.away !== false,
    async pull(place, ...asked) {
      const machine = at(place);
      if (machine === undefined) throw noSuchMachine(machines, place);
      await machine.upstream.pull(...asked);
      if (machines.only !== undefined) return;
      // Resolve it now, so that the model is listed as soon as the download has left the queue.
      machine.watch.invalidate();
      const [model, signal] = asked;
      await machine.watch.resolve(model, signal).catch(() => undefined);
    },
  };
}

/** The machine for a download that names none. */
function pick(machines: Machines, model: string): Machine {
  const [first] = machines.pulling(model);
  if (first === undefined) throw mayNot(model, machines.inOrder);
  return first;
}

function noSuchMachine(machines: Machines, name: string): AppError {
  const names = machines.inOrder.map(nameOf).filter((each) => each !== '');
  const there = names.length === 0 ? 'No machine has a name here.' : `There are ${names.join(', ')}.`;
  return new AppError('invalid_request', `No machine of upstreams is called "${name}". ${there}`);
}

function mayNot(model: string, machines: readonly Machine[]): AppError {
  const names = machines.map(nameOf).join(', ');
  const sentence = `${model} may not be asked of ${names}, and so it is not downloaded there. See models in upstreams.`;
  return new AppError('invalid_request', sentence);
}
