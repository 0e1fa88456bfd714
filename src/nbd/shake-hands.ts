import { type Agreed, answerOption, type OptionAnswer } from './answer-option.ts';
import type { ExportFacts } from './export-facts.ts';
import { encodeGreeting } from './option-reply.ts';
import { HANDSHAKE_FLAG, MAGIC } from './protocol-numbers.ts';
import type { Wire } from './wire.ts';

const FLAGS = HANDSHAKE_FLAG.fixedNewstyle | HANDSHAKE_FLAG.noZeroes;
/** Names have 4096 bytes at most ("Protocol phases"); this is room for a name and many queries. */
const MOST_OPTION_BYTES = 64 << 10;

/**
 * The fixed newstyle handshake (`doc/proto.md`), up to where the client begins with requests.
 * @returns undefined when the client has left, or does not keep to the protocol: then nothing more is to be said to it
 */
export async function shakeHands({ input, send }: Wire, facts: ExportFacts): Promise<Agreed | undefined> {
  await send([encodeGreeting(FLAGS)]);
  const clientFlags = await input.read(4);
  if (clientFlags === undefined) return undefined;
  const flags = asBuffer(clientFlags).readUInt32BE();
  if ((flags & ~FLAGS) !== 0) return undefined;
  const noZeroes = (flags & HANDSHAKE_FLAG.noZeroes) !== 0;
  let agreed: Agreed = { structured: false, allocation: false, noZeroes };
  for (;;) {
    const option = await readOption({ input, send });
    if (option === undefined) return undefined;
    const answer: OptionAnswer = answerOption(option, agreed, facts);
    await send(answer.replies);
    agreed = answer.agreed;
    if (answer.next === 'end') return undefined;
    if (answer.next === 'transmit') return agreed;
  }
}

/** `IHAVEOPT`, option u32, length u32, data */
async function readOption({
  input,
}: Wire): Promise<{ readonly option: number; readonly data: Uint8Array } | undefined> {
  const bytes = await input.read(16);
  if (bytes === undefined) return undefined;
  const head = asBuffer(bytes);
  const length = head.readUInt32BE(12);
  if (head.readBigUInt64BE() !== MAGIC.option || length > MOST_OPTION_BYTES) return undefined;
  const data = await input.read(length);
  return data === undefined ? undefined : { option: head.readUInt32BE(8), data };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
