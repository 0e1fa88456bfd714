/**
 * Disks as storage of a VM is read and written: past the page cache, and flushed at the end. What all programs read comes from there,
 * and what they restore goes there. What stays in memory would measure the memory: a virtual machine whose free pages go back to
 * its host pays up to 9 ms for each MiB that it takes anew, and the same restore took 8 s once and 16 s once.
 */

/** A shell command that reads the file that follows it. */
export const directSource = 'dd bs=1M iflag=direct status=none if=';

/** A shell command whose stdout is to be sent to a file. */
export const directSink = 'dd bs=1M iflag=fullblock oflag=direct conv=fsync status=none';
