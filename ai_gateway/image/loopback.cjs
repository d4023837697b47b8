// Loaded before Portkey's gateway (node --require): what it has no settings for.
'use strict';

const net = require('node:net');

// It would listen on all addresses, and asks no client who it is. Hono calls listen(port, host,
// callback), with or without a host by version; other forms are not known, so they are refused.
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port, host, ...more) {
  if (typeof port !== 'number' || !['string', 'undefined'].includes(typeof host)) {
    throw new Error('loopback.cjs: not how the gateway is known to listen');
  }
  return listen.call(this, port, '127.0.0.1', ...more);
};

// Node.js as process 1 of a container ignores SIGTERM where nothing handles it. Whoever called the
// gateway has ended before it: its container is the first of the pod to start and the last to end.
process.on('SIGTERM', () => process.exit(0));
