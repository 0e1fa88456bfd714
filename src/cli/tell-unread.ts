import { terminalSafe } from './view/terminal-safe.ts';

/** Says which files of a repository are left out because they are damaged or cannot be read. @param unread as in `RepositoryFacts` */
export function tellUnread(
  repository: string,
  unread: readonly string[],
  stderr: { write(text: string): unknown },
): void {
  for (const one of unread)
    stderr.write(`pvebak: ${terminalSafe(`${repository} is damaged: ${one}; it is left out`)}\n`);
}
