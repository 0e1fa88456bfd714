/** Whether raw bytes can name a file in a folder: not empty, `.` or `..`, and without a slash or a zero byte. */
export function isFileName(name: Uint8Array): boolean {
  return name.length > 0 && !name.includes(0x2f) && !name.includes(0) && !isDots(name);
}

function isDots(name: Uint8Array): boolean {
  return name.length <= 2 && name.every((byte) => byte === 0x2e);
}
