import { ByteBudget } from '../repository/byte-budget.ts';
import type { Agreed } from './answer-option.ts';
import { blockStatus } from './block-status.ts';
import { type ClientRequest, decodeRequest, REQUEST_BYTES } from './client-request.ts';
import type { DiskReader } from './disk-reader.ts';
import { judgeRequest, type Verdict } from './judge-request.ts';
import { ERROR, MOST_PAYLOAD_BYTES } from './protocol-numbers.ts';
import {
  simpleRead,
  simpleReply,
  statusReply,
  structuredDone,
  structuredError,
  structuredRead,
} from './reply.ts';
import type { Wire } from './wire.ts';

/** Of replies that one client has asked for and not taken yet: until there is room, it is not listened to. */
const UNDER_WAY_BYTES = 32 << 20;
/** What even the smallest request counts, so that their number is bounded too. */
const LEAST_COST_BYTES = 64 << 10;

/**
 * Answers the requests of one client until it says good-bye, leaves, or does not keep to the protocol; those that are under way
 * are answered before this ends. Requests are worked on side by side. A range that can't be read is answered with EIO.
 * @param onFailure is told what could not be read, and why
 */
export async function serveClient(
  wire: Wire,
  agreed: Agreed,
  { disk, onFailure }: { readonly disk: DiskReader; readonly onFailure: (error: unknown) => void },
): Promise<void> {
  const budget = new ByteBudget(UNDER_WAY_BYTES);
  const underWay = new Set<Promise<void>>();
  for (;;) {
    const request = await readRequest(wire);
    if (request === undefined) break;
    const verdict = judgeRequest(request, disk.size, agreed);
    if (verdict.kind === 'disconnect') break;
    const cost = costOf(verdict);
    await budget.take(cost);
    const work = answer(request.cookie, verdict, { agreed, disk, onFailure })
      .then((reply) => wire.send(reply))
      .finally(() => {
        budget.give(cost);
        underWay.delete(work);
      });
    underWay.add(work);
  }
  await Promise.all(underWay);
}

/** What is written to us is dropped as it comes. */
async function readRequest({ input }: Wire): Promise<ClientRequest | undefined> {
  const header = await input.read(REQUEST_BYTES);
  const request = header === undefined ? undefined : decodeRequest(header);
  if (request === undefined || request.payloadLength > MOST_PAYLOAD_BYTES) return undefined;
  return (await input.skip(request.payloadLength)) ? request : undefined;
}

function costOf(verdict: Verdict): number {
  const length = verdict.kind === 'read' || verdict.kind === 'cache' ? verdict.length : 0;
  return Math.max(length, LEAST_COST_BYTES);
}

async function answer(
  cookie: Uint8Array,
  verdict: Exclude<Verdict, { kind: 'disconnect' }>,
  context: {
    readonly agreed: Agreed;
    readonly disk: DiskReader;
    readonly onFailure: (error: unknown) => void;
  },
): Promise<readonly Uint8Array[]> {
  const { agreed, disk, onFailure } = context;
  const failed = (error: number, message: string) =>
    agreed.structured ? structuredError(cookie, error, message) : simpleReply(cookie, error);
  const done = () => (agreed.structured ? structuredDone(cookie) : simpleReply(cookie));
  try {
    switch (verdict.kind) {
      case 'refuse':
        return failed(verdict.error, verdict.message);
      case 'acknowledge':
        return done();
      case 'block-status':
        return statusReply(cookie, blockStatus(disk.table, verdict));
      case 'cache':
        await disk.read(verdict.offset, verdict.length);
        return done();
      case 'read': {
        const pieces = await disk.read(verdict.offset, verdict.length);
        return agreed.structured
          ? structuredRead(cookie, verdict.offset, { pieces, whole: verdict.whole })
          : simpleRead(cookie, pieces);
      }
    }
  } catch (error) {
    onFailure(error);
    return failed(ERROR.inputOutput, error instanceof Error ? error.message : String(error));
  }
}
