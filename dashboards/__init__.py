"""What is seen: Grafana's dashboards, as typed Python."""

from collections.abc import Collection

from dashboards import ai_gateway, compliance, executive, n8n, postgres, redis, slo

BOARDS = (
    n8n.BOARD,
    executive.BOARD,
    slo.BOARD,
    redis.BOARD,
    postgres.BOARD,
    ai_gateway.BOARD,
    compliance.BOARD,
)
"""As `docs/dashboards.md` tells of them."""


JOBS = frozenset(job for board in BOARDS for row in board.rows for job in row.needs)
"""Scrape jobs, and `cron-jobs` and `probes` of the platform, that not every stack has and some row
needs."""


def all_dashboards(*, jobs: Collection[str] = JOBS, runbooks: str | None = None) -> dict[str, str]:
    """Every dashboard's JSON by its file name.

    Args:
        jobs: scrape jobs that Prometheus has targets of. Rows that need others are left out, so
            that no panel is empty in a healthy system. n8n's own and the cluster's
            (kube-state-metrics) are taken for granted.
        runbooks: address of the folder of runbooks, such as that of `docs/runbooks` on a web site;
            without it nothing is linked.
    """
    texts = {f"{board.uid}.json": board.json(jobs=jobs, runbooks=runbooks) for board in BOARDS}
    return {name: text for name, text in texts.items() if text is not None}
