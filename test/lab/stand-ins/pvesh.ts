/** `pvesh`: the API on the command line. */
import { pvesh } from './pvesh-command.ts';
import { runTool } from './tool-error.ts';

await runTool(pvesh);
