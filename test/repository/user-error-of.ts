import { UserError } from '../../src/user-error.ts';

/** The error for the user with which some work fails; any other error passes through. */
export async function userErrorOf(work: Promise<unknown>): Promise<UserError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}
