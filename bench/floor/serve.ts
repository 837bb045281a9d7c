import type Koa from 'koa';

/** Listens on a free port of the loopback, prints it, and ends on SIGTERM. */
export function serve(app: Koa, end: () => void = () => {}): void {
  const server = app.listen(0, '127.0.0.1', () => {
    const address = server.address();
    if (typeof address === 'object' && address !== null) process.stdout.write(`${address.port}\n`);
  });
  process.on('SIGTERM', () => {
    server.close();
    server.closeAllConnections();
    end();
  });
}
