import { readTar } from '../../../src/formats/tar/read-tar.ts';
import type { TarMember } from '../../../src/formats/tar/tar-member.ts';
import { inPieces } from '../in-pieces.ts';

export interface ReadMember {
  readonly name: string;
  readonly member: TarMember;
  /** The stored content, laid out as in the file; holes are zeros. Empty when the layout is unknown. */
  readonly content: Uint8Array;
}

/** All members of an archive with their content. */
export async function tarMembers(archive: Uint8Array, pieceBytes?: number): Promise<readonly ReadMember[]> {
  const members: ReadMember[] = [];
  for await (const event of readTar(inPieces(archive, pieceBytes))) {
    if (event.kind === 'member') {
      const { member } = event;
      const content = new Uint8Array(member.layout.kind === 'unknown' ? 0 : member.realSize);
      members.push({ name: new TextDecoder().decode(member.rawName), member, content });
    } else if (event.kind === 'content') {
      const current = members.at(-1);
      if (current !== undefined && current.content.length > 0) current.content.set(event.bytes, event.offset);
    }
  }
  return members;
}
