// Files by plain Node: node node_server.js sync|stream ROOT. Prints its address.
'use strict';
const fs = require('fs');
const http = require('http');

const [how, root] = process.argv.slice(2);

function sendWhole(response, path) {
  const bytes = fs.readFileSync(path);
  response.writeHead(200, { 'Content-Length': bytes.length, 'Content-Type': 'application/octet-stream' });
  response.end(bytes);
}

function sendStream(response, path) {
  fs.stat(path, (error, stat) => {
    if (error) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'Content-Length': stat.size, 'Content-Type': 'application/octet-stream' });
    const file = fs.createReadStream(path);
    response.on('close', () => file.destroy());
    file.pipe(response);
  });
}

const server = http.createServer((request, response) => {
  if (request.url === '/health')
    response.writeHead(200, { 'Content-Length': 3, 'Content-Type': 'text/plain' }).end('ok\n');
  else
    (how === 'sync' ? sendWhole : sendStream)(response, root + request.url);
});

// By default it hangs up on a client whose request waited 5 s behind a file.
server.keepAliveTimeout = 120000;
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`));
