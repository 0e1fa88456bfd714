import { childAt, type ValueAt, valuesAt } from './data-paths.ts';
import type { DataPath, Finding } from './finding.ts';

/** What a schema cannot say of `moved`: that a guest stays what it is, goes to one place, and does not come back. */
export function checkMoves(data: unknown): readonly Finding[] {
  const moves = valuesAt(data, ['moved', '*']).flatMap((entry) => readMove(entry, data));
  return [
    ...moves.flatMap(ownFaults),
    ...repeated(moves, 'from', 'moves twice', 'where it went from there is an entry of its own'),
    ...repeated(
      moves,
      'to',
      'is where two guests move',
      'their backups would be taken for those of one machine',
    ),
    ...circles(moves),
  ];
}

interface Move {
  readonly path: DataPath;
  readonly from: Place;
  readonly to: Place;
}

interface Place {
  /** By the id of the host: `fra/qemu/101`. */
  readonly key: string;
  readonly guest: string;
}

/** None where the schema has something to say. */
function readMove({ path, value }: ValueAt, data: unknown): readonly Move[] {
  const [from, to] = [readPlace(childAt(value, 'from'), data), readPlace(childAt(value, 'to'), data)];
  return from === undefined || to === undefined ? [] : [{ path, from, to }];
}

function readPlace(value: unknown, data: unknown): Place | undefined {
  const [host, guest] = [childAt(value, 'host'), childAt(value, 'guest')];
  if (typeof host !== 'string' || typeof guest !== 'string') return undefined;
  const id = childAt(childAt(childAt(data, 'hosts'), host), 'id') ?? host;
  return { key: `${String(id)}/${guest}`, guest };
}

function ownFaults({ path, from, to }: Move): readonly Finding[] {
  const at = 'value';
  const place = [...path, 'to', 'guest'];
  if (from.key === to.key) {
    const hint = 'a guest that only went to another node of its cluster is found without this';
    return [{ path: place, at, message: `${to.guest} moves to where it is`, hint }];
  }
  if (typeOf(from.guest) === typeOf(to.guest)) return [];
  const hint = `a ${wordFor(from.guest)} stays one`;
  return [{ path: place, at, message: `${from.guest} cannot become ${to.guest}`, hint }];
}

function typeOf(guest: string): string {
  return guest.slice(0, guest.indexOf('/'));
}

function wordFor(guest: string): string {
  return typeOf(guest) === 'lxc' ? 'container' : 'VM';
}

function repeated(
  moves: readonly Move[],
  end: 'from' | 'to',
  what: string,
  hint: string,
): readonly Finding[] {
  const seen = new Map<string, DataPath>();
  return moves.flatMap((move): readonly Finding[] => {
    const { key, guest } = move[end];
    const path = [...move.path, end, 'guest'];
    const earlier = seen.get(key);
    if (earlier === undefined) seen.set(key, path);
    if (earlier === undefined) return [];
    return [{ path, at: 'value', message: `${guest} ${what}`, hint, earlier }];
  });
}

/** Said once, at the last entry of each circle. */
function circles(moves: readonly Move[]): readonly Finding[] {
  const nextOf = new Map(moves.map((move) => [move.from.key, move]));
  return moves.flatMap((move, index) => {
    const circle = [move];
    for (let next = nextOf.get(move.to.key); next !== undefined; next = nextOf.get(next.to.key)) {
      if (next === move) {
        const isLast = circle.every((one) => moves.indexOf(one) <= index);
        return isLast && circle.length > 1 ? [circleFinding(move, circle)] : [];
      }
      if (circle.includes(next)) return [];
      circle.push(next);
    }
    return [];
  });
}

function circleFinding({ path, from: first }: Move, circle: readonly Move[]): Finding {
  const way = [...circle.map(({ from }) => from.guest), first.guest];
  return {
    path: [...path, 'to', 'guest'],
    at: 'value',
    message: `${circle.length} moves lead in a circle: ${way.join(' -> ')}`,
    hint: 'remove the entries of moves that are long done: the repository keeps them',
  };
}
