// Asks for paths over HTTP/2 with Node's own client; prints a line of JSON for each answer.
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';

const [root, chain, key, origin, ...requests] = process.argv.slice(2);
const session = http2.connect(origin, {
  ca: readFileSync(root), cert: readFileSync(chain), key: readFileSync(key),
});
session.on('error', (error) => { throw error; });
for (const request of requests) {
  // A third word leaves the end of the request to a frame of its own.
  const [method, path, open] = request.split(' ');
  const options = open ? { endStream: false } : {};
  const stream = session.request({ ':method': method, ':path': path }, options);
  let headers = {}, body = '';
  stream.setEncoding('utf8');
  stream.on('response', (got) => { headers = got; });
  stream.on('data', (chunk) => { body += chunk; });
  await new Promise((done) => {
    stream.on('end', done);
    stream.on('error', (error) => { headers.error = error.code; done(); });
    stream.resume();
    stream.end();
  });
  const cookies = (headers['set-cookie'] ?? []).length;
  console.log(JSON.stringify({
    status: headers[':status'], code: headers['yinxin-refusal'], error: headers.error,
    reference: headers['yinxin-reference'], length: headers['content-length'], cookies, body,
  }));
}
session.close();
