/**
 * `vzdump`: checks the command line and the node's settings, picks the guests that are here, and leaves the rest to a worker.
 */
import { runTool } from './tool-error.ts';
import { vzdump } from './vzdump-command.ts';

await runTool(vzdump);
