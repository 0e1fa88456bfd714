import type { ByteIntake } from './byte-intake.ts';

/** One client, both ways. */
export interface Wire {
  readonly input: ByteIntake;
  /**
   * Sends the parts, with nothing of another call between them. Ends when the system has taken them, so that a slow client
   * is waited for; or when the client is gone.
   */
  send(parts: readonly Uint8Array[]): Promise<void>;
}
