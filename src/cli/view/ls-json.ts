import { isUtf8 } from 'node:buffer';
import { type NodeFacts, nodeFacts } from '../../browse/node-facts.ts';
import type { Walked } from '../../browse/walk-tree.ts';

/** A file or folder for machines. */
export function nodeJson({ path, node }: Walked): object {
  const facts = nodeFacts(node);
  return {
    ...bytesJson('path', path),
    type: facts.type,
    mode: facts.mode.toString(8).padStart(4, '0'),
    uid: facts.uid,
    gid: facts.gid,
    ...(facts.type === 'file' && { size: node.size }),
    ...(facts.mtime !== '' && { mtime: facts.mtime }),
    ...(facts.links > 1 && { links: facts.links }),
    ...ofType(facts),
    ...(facts.xattrs.length > 0 && { xattrs: facts.xattrs.map(({ name }) => name) }),
  };
}

function ofType({ type, linkTarget, device }: NodeFacts): object {
  if (type === 'symlink') return bytesJson('target', linkTarget);
  return type === 'dev' || type === 'chardev' ? { device } : {};
}

/** Text under a key; when it is no UTF-8, its bytes in base64 beside it. */
export function bytesJson(key: string, bytes: Uint8Array): object {
  const text = Buffer.from(bytes).toString('utf8');
  return isUtf8(bytes)
    ? { [key]: text }
    : { [key]: text, [`${key}Bytes`]: Buffer.from(bytes).toString('base64') };
}

/** One object as a line. What a terminal could obey or hide is escaped, which JSON allows everywhere in a string. */
export function jsonLine(value: object): string {
  const text = JSON.stringify(value).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    [...Array(character.length).keys()]
      .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join(''),
  );
  return `${text}\n`;
}
