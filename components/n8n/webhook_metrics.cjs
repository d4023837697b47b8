// A hook of n8n (EXTERNAL_HOOK_FILES) in webhook pods: what n8n has no setting for.
//
// n8n counts calls of webhooks by path and workflow. A path is what the caller asked for, also where
// no workflow has it, and each new one takes memory until the process ends: 100,000 of them 140 MiB,
// and more than a second to list them. Here calls are counted by method and status alone.
'use strict';

// The one that n8n itself has loaded.
const { register } = require.main.require('prom-client');

const NAME = 'n8n_webhook_request_duration_seconds';

const count = async () => {
  const calls = register.getSingleMetric(NAME);
  if (typeof calls?.observe !== 'function') {
    throw new Error(`webhook_metrics.cjs: this version of n8n has no ${NAME}`);
  }
  const observe = calls.observe.bind(calls);
  calls.observe = ({ method, status_code }, seconds) => observe({ method, status_code }, seconds);
};

// Run once, when n8n has made its metrics and before it is ready for calls.
module.exports = { n8n: { ready: [count] } };
