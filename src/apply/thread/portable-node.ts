import { BlobList } from '../../repository/blob-list.ts';
import type { StoredNode } from '../../repository/tree-parser.ts';

/** A node as it goes from thread to thread: its list of blobs as the packed segments that `BlobList` keeps. */
export interface PortableNode extends Omit<StoredNode, 'content'> {
  readonly content: readonly Uint8Array<ArrayBuffer>[];
  readonly contentLength: number;
}

export function toPortableNode({ content, name, ...node }: StoredNode): PortableNode {
  return { ...node, name: name.slice(), content: content.toSegments(), contentLength: content.length };
}

export function fromPortableNode({ content, contentLength, ...node }: PortableNode): StoredNode {
  return { ...node, content: BlobList.fromSegments(content, contentLength) };
}
