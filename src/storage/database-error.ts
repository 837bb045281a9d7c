/** The file cannot be trusted any more: it is moved aside at the next start. */
export class CorruptError extends Error {
  override name = 'CorruptError';
}
