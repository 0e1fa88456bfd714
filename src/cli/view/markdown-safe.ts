import { terminalSafe } from './terminal-safe.ts';

/** What Markdown, GitHub and GitLab give a meaning: marks, HTML, mentions, references, and the beginnings of links. */
const MEANS_SOMETHING = /[&<>"'`*_{}[\]\\#!|~@$^]|:(?=[^\s\d]|\/)|(?<=www)\./gi;

/** Makes text from outside mean nothing in Markdown: it is shown as it is, whoever chose it. One line stays one line. */
export function markdownSafe(text: string): string {
  return terminalSafe(text).replace(MEANS_SOMETHING, (character) => `&#${character.charCodeAt(0)};`);
}
