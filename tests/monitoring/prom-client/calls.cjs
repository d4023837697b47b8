// What n8n 2.40.7 does in a webhook pod as far as its hook meets it: node calls.cjs <hook> <calls>.
//
// Names, labels and buckets are those of dist/metrics/prometheus/webhook-and-form-metrics.service.js;
// answers those of dist/webhooks/webhook-request-handler.js; hooks are loaded and run as in
// dist/external-hooks.js. Each call has a path of its own. Every other one is of a workflow; the rest
// are of nobody's path, with every method that Node.js takes.
'use strict';

const { METHODS } = require('node:http');
const { Histogram, register } = require('prom-client');

const SUPPORTED = ['DELETE', 'GET', 'HEAD', 'PATCH', 'POST', 'PUT'];

const [hookFile, calls] = process.argv.slice(2);

const histogram = new Histogram({
  name: 'n8n_webhook_request_duration_seconds',
  help: 'Duration of webhook requests served by n8n, in seconds.',
  labelNames: ['method', 'status_code', 'webhook_path', 'workflow_id'],
  buckets: [0.003, 0.03, 0.1, 0.3, 1.5, 10],
});

const main = async () => {
  if (hookFile) {
    const hooks = require(hookFile);
    for (const hook of hooks.n8n.ready) await hook.apply({}, []);
  }
  for (let call = 0; call < Number(calls); call += 1) {
    const known = call % 2 === 0;
    const method = known ? 'POST' : METHODS[(call >> 1) % METHODS.length];
    histogram.observe(
      {
        method,
        status_code: known ? 200 : SUPPORTED.includes(method) ? 404 : 500,
        webhook_path: `path-${call}`,
        workflow_id: known ? `workflow-${call}` : '',
      },
      0.05,
    );
  }
  process.stdout.write(await register.metrics());
};

main();
