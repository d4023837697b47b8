#!/usr/local/bin/node
// Stand-in for n8n's task-runner-launcher, which is published as a download only.
//
//   task-runner-launcher RUNNER-TYPE…
//
// For each type: waits for n8n's task broker, trades the shared token for a grant, runs the type's
// runner with it, and starts over when the runner ends. Serves its health, and passes SIGTERM on.
// Unlike the original it starts a runner at once and not for the first task, and does not restart
// one that runs but hangs.
//
// Environment, as the original's: N8N_RUNNERS_AUTH_TOKEN; N8N_RUNNERS_TASK_BROKER_URI;
// N8N_RUNNERS_LAUNCHER_HEALTH_CHECK_PORT; N8N_RUNNERS_CONFIG_PATH.
'use strict';

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const { setTimeout: delay } = require('node:timers/promises');

const RETRY_MILLISECONDS = 1000;

const env = process.env;
const broker = env.N8N_RUNNERS_TASK_BROKER_URI ?? 'http://127.0.0.1:5679';
const runners = new Set();
let stopping = false;

function log(text) {
  console.log(`${new Date().toISOString()} launcher: ${text}`);
}

function fail(text) {
  log(text);
  process.exit(1);
}

async function grant() {
  for (let said = ''; ; await delay(RETRY_MILLISECONDS)) {
    let problem;
    try {
      const response = await fetch(`${broker}/runners/auth`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token: env.N8N_RUNNERS_AUTH_TOKEN }),
      });
      if (response.ok) return (await response.json()).data.token;
      // Waiting does not help against a wrong token.
      if (response.status === 403) fail('the broker refuses N8N_RUNNERS_AUTH_TOKEN');
      problem = `the broker answers ${response.status}`;
    } catch (error) {
      problem = `the broker does not answer (${error.cause?.code ?? error.message})`;
    }
    if (problem !== said) log(`waiting: ${problem}`);
    said = problem;
  }
}

function environment(runner, token) {
  const allowed = runner['allowed-env'].filter((name) => env[name] !== undefined);
  return {
    ...Object.fromEntries(allowed.map((name) => [name, env[name]])),
    ...runner['env-overrides'],
    N8N_RUNNERS_TASK_BROKER_URI: broker,
    N8N_RUNNERS_GRANT_TOKEN: token,
  };
}

function run(runner, token) {
  return new Promise((resolve) => {
    const child = spawn(runner.command, runner.args, {
      cwd: runner.workdir,
      env: environment(runner, token),
      stdio: 'inherit',
    });
    runners.add(child);
    const ended = (how) => {
      runners.delete(child);
      resolve(how);
    };
    child.on('error', (error) => ended(error.message));
    child.on('exit', (code, signal) => ended(signal ?? `exit code ${code}`));
  });
}

async function keep(runner) {
  const type = runner['runner-type'];
  while (!stopping) {
    const token = await grant();
    if (stopping) break;
    log(`starting the ${type} runner`);
    log(`the ${type} runner ended: ${await run(runner, token)}`);
    await delay(stopping ? 0 : RETRY_MILLISECONDS);
  }
}

if (!env.N8N_RUNNERS_AUTH_TOKEN) fail('N8N_RUNNERS_AUTH_TOKEN is not set');
const types = process.argv.slice(2);
const file = env.N8N_RUNNERS_CONFIG_PATH ?? '/etc/n8n-task-runners.json';
const known = JSON.parse(fs.readFileSync(file, 'utf8'))['task-runners'];
const wanted = types.map(
  (type) =>
    known.find((runner) => runner['runner-type'] === type) ?? fail(`${file} has no runner ${type}`),
);
if (wanted.length === 0) fail('say which runners to start, for example: javascript');

http
  .createServer((request, response) => {
    response.statusCode = request.url === '/healthz' ? 200 : 404;
    response.end(JSON.stringify({ status: response.statusCode === 200 ? 'ok' : 'not found' }));
  })
  .listen(Number(env.N8N_RUNNERS_LAUNCHER_HEALTH_CHECK_PORT ?? 5680));

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    stopping = true;
    for (const child of runners) child.kill(signal);
    // The broker that a launcher waits for may never come.
    if (runners.size === 0) process.exit(0);
  });
}

Promise.all(wanted.map(keep)).then(() => process.exit(0));
