#!/bin/sh
# /docker-entrypoint.sh of n8n's image: trust certificates that were mounted, then become n8n.
set -e

if [ -d /opt/custom-certificates ]; then
    export NODE_OPTIONS="--use-openssl-ca $NODE_OPTIONS"
    export SSL_CERT_DIR=/opt/custom-certificates
    openssl rehash /opt/custom-certificates
fi

exec n8n "$@"
