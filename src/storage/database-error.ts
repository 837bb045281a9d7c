/** The file is damaged: what can be read of it is salvaged at the next start. */
export class CorruptError extends Error {
  override name = 'CorruptError';
}
