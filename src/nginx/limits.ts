/** Longer lines are passed over, and counted. */
export const maxLineBytes = 64 * 1024;
