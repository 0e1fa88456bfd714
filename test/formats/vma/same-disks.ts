/** Whether two machines have the same bytes on the same disks. Far quicker than a deep comparison. */
export function sameDisks(
  some: ReadonlyMap<number, Uint8Array>,
  others: ReadonlyMap<number, Uint8Array>,
): boolean {
  return (
    some.size === others.size &&
    [...some].every(([id, disk]) => Buffer.from(disk).equals(others.get(id) ?? new Uint8Array(0)))
  );
}
