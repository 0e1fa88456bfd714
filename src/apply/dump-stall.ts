/** What a dump's stream is doing at one moment. */
export interface DumpFlow {
  /** `asked`: the node is to send; `held`: a piece waits for the intake to take it; `ended`: all of it came. */
  readonly stream: 'asked' | 'held' | 'ended';
  /** Whether vzdump is at work that sends nothing and may take long: waiting for a lock, a shutdown or a copy. */
  readonly mayBeQuiet: boolean;
  /** Grows with every piece of the stream, and with progress that the log tells of. */
  readonly signs: number;
}

/** Which side does not do its part: `node` sends nothing, `repository` takes nothing. */
export type DumpStall = 'node' | 'repository';

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

/** @returns undefined while there is hope */
export function stallOf({ flow, looks }: QuietDump, mostLooks: number): DumpStall | undefined {
  if (looks < mostLooks || flow.stream === 'ended') return undefined;
  return flow.stream === 'held' ? 'repository' : 'node';
}
