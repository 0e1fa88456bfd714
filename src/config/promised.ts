/** A value that the checks before have promised; its absence is a bug of theirs. */
export function promised<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the checks let through: ${what}`);
  return value;
}
