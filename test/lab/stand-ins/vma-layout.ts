/** Sizes and offsets of a VMA archive (pve-qemu, vma_spec.txt and vma-writer.c). All numbers are big-endian but the lengths of blobs. */

export const BLOCK = 4096;
export const CLUSTER = 65536;
export const BLOCKS_PER_CLUSTER = CLUSTER / BLOCK;
export const FIXED_HEADER = 12288;
export const CONFIG_NAMES = 2044;
export const CONFIG_DATA = 3068;
export const DEVICES = 4096;
export const DEVICE_ENTRY = 32;
export const EXTENT_HEADER = 512;
export const ENTRIES = 40;
export const MAX_ENTRIES = 59;
export const MD5_LENGTH = 16;
/** Where the checksum stands in the archive header and in the header of an extent. */
export const HEADER_MD5 = 32;
export const EXTENT_MD5 = 24;
