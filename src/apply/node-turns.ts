import pLimit, { type LimitFunction } from 'p-limit';

/**
 * One piece of work at a time on each node, since vzdump locks the whole node, and so many nodes at once. First come,
 * first served on a node; a node that waits for its turn takes none of the places.
 */
export class NodeTurns {
  readonly #places: LimitFunction;
  readonly #nodes = new Map<string, LimitFunction>();

  constructor(nodesAtOnce: number) {
    this.#places = pLimit(nodesAtOnce);
  }

  run<T>(node: string, work: () => Promise<T>): Promise<T> {
    const turn = this.#nodes.get(node) ?? pLimit(1);
    this.#nodes.set(node, turn);
    return turn(() => this.#places(work));
  }
}
