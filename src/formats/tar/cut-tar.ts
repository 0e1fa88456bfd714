import { JoinedBytes } from '../joined-bytes.ts';
import { ContainerConfigs } from './container-configs.ts';
import { readTar, type TarEvent } from './read-tar.ts';
import type { TarMember } from './tar-member.ts';

const OWN_BLOBS_FROM = 65536;

/** A piece of the archive, at most 1 MiB, in memory of its own. */
export type TarBlob =
  /** Headers, padding and small files. */
  | { readonly kind: 'structure'; readonly bytes: Uint8Array<ArrayBuffer> }
  /** Nothing but content of one member, from one of its stored stretches; `offset` is that in the file. */
  | {
      readonly kind: 'content';
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly member: TarMember;
      readonly offset: number;
    };

/** A promise is awaited before the archive is read on. */
type Hooked = Promise<void> | void;

export interface CutTarOptions {
  /** Each member in order, before its content; `offset` is where in the stream that begins. */
  readonly onMember?: (member: TarMember, offset: number) => Hooked;
  /** Content that gets no blobs of its own, as it passes; the bytes are valid until what is returned has resolved. */
  readonly onSmallContent?: (member: TarMember, bytes: Uint8Array, offset: number) => Hooked;
}

/**
 * Cuts an archive into blobs that deduplicate. A stored stretch of a file of 64 KiB or more (all of it, or a region of
 * a sparse one) is cut every 1 MiB from its start; all else is joined into blobs of up to 1 MiB that end where such a
 * stretch begins. The cuts depend on the bytes alone; all blobs in order are the stream.
 * @returns the blobs, whose iteration throws FormatError as `readTar` does, and what was found once they are through
 */
export function cutTar(
  source: AsyncIterable<Uint8Array>,
  options: CutTarOptions = {},
): { readonly blobs: AsyncGenerator<TarBlob, void, void>; readonly configs: ContainerConfigs } {
  const configs = new ContainerConfigs();
  return { blobs: cutBlobs(observe(readTar(source), configs, options)), configs };
}

type ContentEvent = Extract<TarEvent, { kind: 'content' }>;
type Observed = Extract<TarEvent, { kind: 'structure' }> | (ContentEvent & { readonly member: TarMember });

async function* cutBlobs(events: AsyncIterable<Observed>): AsyncGenerator<TarBlob, void, void> {
  const joined = new JoinedBytes();
  const chunks = new JoinedBytes();
  for await (const event of events) {
    if (event.kind === 'structure' || event.region.length < OWN_BLOBS_FROM) {
      yield* joined.add(event.bytes).map(structureBlob);
      continue;
    }
    const { member, bytes, offset, region } = event;
    const end = offset + bytes.length;
    if (offset === region.offset) yield* joined.end().map(structureBlob);
    const full = chunks.add(bytes);
    const last = end === region.offset + region.length ? chunks.end() : [];
    let at = end - chunks.length - lengthOf(full) - lengthOf(last);
    for (const chunk of [...full, ...last]) {
      yield { kind: 'content', bytes: chunk, member, offset: at };
      at += chunk.length;
    }
  }
  yield* joined.end().map(structureBlob);
}

function structureBlob(bytes: Uint8Array<ArrayBuffer>): TarBlob {
  return { kind: 'structure', bytes };
}

function lengthOf(runs: readonly Uint8Array[]): number {
  return runs.reduce((sum, run) => sum + run.length, 0);
}

/** Tells the observers, and puts its member beside each piece of content. */
async function* observe(
  events: AsyncIterable<TarEvent>,
  configs: ContainerConfigs,
  options: CutTarOptions,
): AsyncGenerator<Observed, void, void> {
  let member: TarMember | undefined;
  let streamOffset = 0;
  for await (const event of events) {
    if (event.kind === 'member') {
      member = event.member;
      configs.takeMember(member, streamOffset);
      const hooked = options.onMember?.(member, streamOffset);
      if (hooked !== undefined) await hooked;
      continue;
    }
    streamOffset += event.bytes.length;
    if (event.kind === 'structure') yield event;
    else if (member !== undefined) {
      configs.takeContent(event.bytes, event.offset);
      if (event.region.length < OWN_BLOBS_FROM) {
        const hooked = options.onSmallContent?.(member, event.bytes, event.offset);
        if (hooked !== undefined) await hooked;
      }
      yield { ...event, member };
    }
  }
}
