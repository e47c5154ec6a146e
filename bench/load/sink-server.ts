import { createServer } from 'node:http';

/**
 * What the way there and back costs alone: a bare node:http server that reads the body, looks at nothing, and answers
 * with a number of bytes (the argument). Prints its port.
 */
const answer = Buffer.alloc(Number(process.argv[2]), 'x');
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    Buffer.concat(chunks);
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': answer.length });
    response.end(answer);
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`);
});
process.on('SIGTERM', () => process.exit(0));
