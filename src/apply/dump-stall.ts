/** What a dump's stream is doing at one moment. */
export interface DumpFlow {
  /** `asked`: the node is to send; `held`: a piece waits for the intake to take it; `ended`: all of it came. */
  readonly stream: 'asked' | 'held' | 'ended';
  /** Whether vzdump is at work that sends nothing and may take long: waiting for a lock, a shutdown or a copy. */
  readonly mayBeQuiet: boolean;
  /** Grows with every piece of the stream, and with progress that the log tells of. */
  readonly signs: number;
}

/** Which side does not do its part: vzdump on the `node` sends nothing, the `wire` carries nothing, the `repository` takes nothing. */
export type DumpStall = 'node' | 'wire' | 'repository';

/** How often a flow was looked at without a sign, and what it was doing. */
export interface QuietDump {
  readonly flow: DumpFlow;
  readonly looks: number;
}

/**
 * One more look. Looks are counted, not time: of a process that was stopped, or a machine that slept, none of them says
 * anything about the other side.
 */
export function lookAgain(before: QuietDump, flow: DumpFlow): QuietDump {
  const same = flow.signs === before.flow.signs && flow.stream === before.flow.stream && !flow.mayBeQuiet;
  return { flow, looks: same ? before.looks + 1 : 0 };
}

/** @returns whether nothing is taken, or nothing comes; undefined while there is hope */
export function standstillOf(
  { flow, looks }: QuietDump,
  mostLooks: number,
): 'nothing-taken' | 'nothing-comes' | undefined {
  if (looks < mostLooks || flow.stream === 'ended') return undefined;
  return flow.stream === 'held' ? 'nothing-taken' : 'nothing-comes';
}

/**
 * Of a dump of which nothing comes, once the node was asked for a sign of life.
 * @param asked the flow when it was asked; when something has come since, the dump goes on
 */
export function stallAfterAsking(
  asked: DumpFlow,
  now: DumpFlow,
  answered: boolean,
): Exclude<DumpStall, 'repository'> | undefined {
  if (now.signs !== asked.signs || now.stream === 'ended') return undefined;
  return answered ? 'node' : 'wire';
}
