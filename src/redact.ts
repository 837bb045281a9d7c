/** Takes credentials out of text that may hold addresses: `amqp://user:password@host` and `?api_secret=…`. */
export function redact(text: string): string {
  return text
    .replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/?#]*@/gi, '$1[hidden]@')
    .replace(
      /([?&;](?:api_secret|api_key|apikey|key|token|password|pass|p|access_token|secret)=)[^&\s"'#;]+/gi,
      '$1[hidden]',
    );
}
