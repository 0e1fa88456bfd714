import { createInterface, type Interface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { UserError } from '../user-error.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * Asks for a secret on the terminal and shows nothing of what is typed. The question goes to stderr, so that stdout
 * stays what the command is for.
 * @param otherwise what to do where there is no terminal, as the hint
 * @throws UserError `secret` when there is nobody to ask, or nothing was typed; `interrupted`
 */
export async function askSecret(
  question: string,
  otherwise: string,
  surroundings: Surroundings,
): Promise<string> {
  if (!process.stdin.isTTY)
    throw new UserError('secret', `${question}: there is no terminal to ask on`, { hint: otherwise });
  const answer = await readUnseen(question, surroundings);
  if (answer === '') throw new UserError('secret', `${question}: nothing was typed`);
  return answer;
}

/** Asks for a new password, twice. @throws UserError `secret` when the two differ, and as `askSecret` does */
export async function askNewSecret(
  question: string,
  otherwise: string,
  surroundings: Surroundings,
): Promise<string> {
  const first = await askSecret(question, otherwise, surroundings);
  const second = await askSecret('the same again', otherwise, surroundings);
  if (first !== second) throw new UserError('secret', 'the two are not the same; nothing was done');
  return first;
}

/** The question is shown once the terminal shows nothing else any more: who types ahead is not seen either. */
async function readUnseen(question: string, { stderr, signal }: Surroundings): Promise<string> {
  const terminal = createInterface({
    input: process.stdin,
    output: new Writable({ write: (_chunk, _encoding, done) => done() }),
    terminal: true,
    historySize: 0,
  });
  const ended = AbortSignal.any([signal, givenUp(terminal)]);
  stderr.write(`${question}: `);
  try {
    return await terminal.question('', { signal: ended });
  } catch (error) {
    throw ended.aborted ? ended.reason : error;
  } finally {
    terminal.close();
    stderr.write('\n');
  }
}

/** While nothing is shown, the terminal hands Ctrl-C over as a character; Ctrl-D closes the input. */
function givenUp(terminal: Interface): AbortSignal {
  const controller = new AbortController();
  const giveUp = () => controller.abort(new UserError('interrupted', 'interrupted; nothing was done'));
  terminal.once('SIGINT', giveUp).once('close', giveUp);
  return controller.signal;
}
