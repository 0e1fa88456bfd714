import { LogLines } from './log-lines.ts';

/**
 * What qm, pct, qmrestore and pvesh complain about, as one line; undefined when they said nothing. Their last word is
 * on stderr, surrounded by usage lines; where it quotes a child program, the child's own words are on stdout.
 */
export function toolComplaint(output: {
  readonly stdout: string;
  readonly stderr: string;
}): string | undefined {
  const complaint = linesOf(output.stderr).filter(isComplaint).at(-1);
  return complaint === undefined ? undefined : shortened(clearer(unwrapped(plain(complaint), output.stdout)));
}

function linesOf(text: string): readonly string[] {
  const lines = new LogLines();
  const beforeUsage = text.split(/^USAGE:/m, 1)[0] ?? '';
  return [...lines.push(Buffer.from(beforeUsage)), ...lines.end()];
}

/** Headings, usage, and warnings that come with a success as well. */
function isComplaint(line: string): boolean {
  return !/^(400 Parameter verification failed\.|400 unable to parse option|(qm|pct|qmrestore|pvesh)\b.*[<[].*|bridge '.*' does not exist|job errors|UPID:.*)$/.test(
    line,
  );
}

/** Without what only says that it is an error, and of which guest. */
function plain(complaint: string): string {
  return complaint.replace(/^(?:[45]\d\d |ERROR: |unable to restore (?:VM|CT) \d+ - )+/, '');
}

/** `command 'set -o pipefail && vma extract ...' failed: got signal 5` is for people who know the command. */
function unwrapped(complaint: string, stdout: string): string {
  const [, command, how] = /^command '(?:set -o pipefail && )?(\S+) .*' failed: (.*)$/s.exec(complaint) ?? [];
  if (command === undefined || how === undefined) return complaint;
  if (!/^(exit code|got signal|interrupted by|received interrupt)/.test(how)) return how;
  const words = childWords(command, stdout);
  return `${command} failed: ${how}${words === undefined ? '' : ` (${words})`}`;
}

/** The first that it said: the following lines repeat that it gives up. */
function childWords(command: string, stdout: string): string | undefined {
  const own = linesOf(stdout).filter((line) => line.startsWith(`${command}: `));
  return own[0]?.slice(command.length + 2);
}

/** Two guests cannot have one vmid in a cluster; qmrestore finds out when the file system refuses. */
function clearer(complaint: string): string {
  const [, vmid] =
    /^close \(rename\) atomic file '.*\/(\d+)\.conf' failed: File exists$/.exec(complaint) ?? [];
  return vmid === undefined
    ? complaint
    : `the vmid ${vmid} is used by another guest, of the other type or on another node`;
}

const shownLength = 300;

function shortened(text: string): string {
  return text.length <= shownLength ? text : `${text.slice(0, shownLength - 1)}…`;
}
