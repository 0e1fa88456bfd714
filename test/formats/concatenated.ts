/** All pieces of a stream as one array. */
export async function concatenated(
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<Uint8Array> {
  const collected: Uint8Array[] = [];
  for await (const piece of pieces) collected.push(new Uint8Array(piece));
  return new Uint8Array(Buffer.concat(collected));
}
