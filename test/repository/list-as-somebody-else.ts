/** Run as root: gives its rights away, lists the snapshots in the folder that is given, and writes the error as JSON. */
import { folderBackend } from '../../src/repository/folder-backend.ts';
import { userErrorOf } from './user-error-of.ts';

const NOBODY = 65534;

process.setgid?.(NOBODY);
process.setuid?.(NOBODY);
const { code, message } = await userErrorOf(folderBackend(process.argv[2] ?? '').names('snapshots'));
process.stdout.write(JSON.stringify({ code, message }));
