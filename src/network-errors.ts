/** What the codes of Node, the system and OpenSSL mean, for people. */
export const networkErrorWords: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by the other side',
  EPIPE: 'connection closed by the other side',
  EHOSTUNREACH: 'host cannot be reached',
  ENETUNREACH: 'network cannot be reached',
  ETIMEDOUT: 'connection timed out',
  ENOTFOUND: 'DNS failure: the name is not known',
  EAI_AGAIN: 'DNS failure: the name server does not answer',
  EAI_FAIL: 'DNS failure: the name server fails',
  CERT_HAS_EXPIRED: 'TLS certificate has expired',
  CERT_NOT_YET_VALID: 'TLS certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'TLS certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'TLS certificate chain is self-signed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'TLS certificate comes from an issuer that is not trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'TLS certificate comes from an issuer that is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'TLS certificate comes from an issuer that is not trusted',
  ERR_TLS_CERT_ALTNAME_INVALID: 'TLS certificate is for another name',
  EPROTO: 'TLS handshake failed',
  ERR_SSL_WRONG_VERSION_NUMBER: 'TLS handshake failed: the other side does not speak TLS',
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'file system is read-only',
  ENOSPC: 'disk is full',
  EDQUOT: 'disk quota is used up',
  EIO: 'disk fails (input/output error)',
  ENOTDIR: 'a part of the path is not a folder',
  EMFILE: 'too many open files',
};

/** Node gathers the refusals of several addresses of one name in an AggregateError, which has the code of the first. */
export function errorCodeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

const untrustedIssuer: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);

/** What a person can do about a certificate whose issuer nobody here knows; undefined for any other error. */
export function issuerAdvice(code: string | undefined): string | undefined {
  return code !== undefined && untrustedIssuer.has(code)
    ? 'set NODE_EXTRA_CA_CERTS to a PEM file with the certificate of its authority'
    : undefined;
}
