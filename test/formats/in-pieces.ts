/** A stream of the bytes in pieces of one length, each in memory of its own, as a pipe would deliver them. */
export async function* inPieces(
  bytes: Uint8Array,
  pieceBytes = 65536,
): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    yield new Uint8Array(bytes.subarray(at, at + pieceBytes));
  }
}
