import { describe } from 'vitest';
import { readRecordings } from './recording.ts';
import { replayAll } from './replay-all.ts';

describe('a node of version 9.2', () => replayAll('9.2', readRecordings('runs-pve9')));
