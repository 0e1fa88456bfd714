/**
 * Where things are in the archive header. All integers are big-endian.
 *
 *       0  4     magic 56 4D 41 00
 *       4  4     version, 1
 *       8  16    uuid
 *      24  8     creation time, seconds since 1970, signed
 *      32  16    MD5 over the whole header with these 16 bytes zero
 *      48  4     start of the blob buffer
 *      52  4     length of the blob buffer
 *      56  4     length of the header
 *    2044  1024  pointers to the names of 256 configs
 *    3068  1024  pointers to their contents
 *    4096  8192  256 devices of 32 bytes: pointer to the name, 4 reserved, size (8), 16 reserved; entry 0 is unused
 *   12288        blob buffer
 *
 * Source: vma.h and vma-reader.c of pve-qemu 10.0.2.
 */
export const HEADER = {
  magic: 0x564d4100,
  version: 1,
  versionAt: 4,
  uuidAt: 8,
  ctimeAt: 24,
  digestAt: 32,
  blobStartAt: 48,
  blobLengthAt: 52,
  lengthAt: 56,
  configNamesAt: 2044,
  configContentsAt: 3068,
  configSlots: 256,
  devicesAt: 4096,
  deviceBytes: 32,
  deviceSizeAt: 8,
  /** The stock tool looks at no higher one. */
  lastDeviceId: 254,
  fixedBytes: 12288,
  /** Of the stock writer's rounding; its reader asks for none. */
  roundedTo: 512,
  /** 256 configs of 64 KiB and all names are 17 MiB; the stock reader has no limit of its own. */
  maxBytes: 20 * 1024 * 1024,
} as const;
