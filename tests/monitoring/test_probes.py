"""The real blackbox exporter asks real servers, and alerts hold on its answers as they should."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts.probes import ALERTS
from tests.monitoring import blackbox, prometheus, tls
from tests.monitoring.blackbox import N8N, PATHS, Exporter
from tests.monitoring.tls import Answer, Authority

_NOW = datetime.now(UTC).replace(microsecond=0)
_ENDS = "probe_ssl_earliest_cert_expiry"

_NOT_N8N = {
    "the gateway's own 404": Answer(status=404),
    "the gateway has no pod to ask": Answer(status=503, body="no healthy upstream"),
    "another server's page": Answer(status=200, body="<html>is not registered</html>"),
    "a redirect": Answer(status=301, headers={"Location": "https://example.com/"}),
}


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def exporter(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    with blackbox.running(tmp_path_factory.mktemp("blackbox"), authority) as found:
        yield found


def _issued(
    folder: Path, authority: Authority, *, days: float = 200, host: str = tls.HOST
) -> tuple[Path, datetime]:
    """The file of a server's certificate that ends in so many days, and when that is."""
    file, ends = folder / "server.pem", _NOW + timedelta(days=days)
    authority.issue(file, ends=ends, host=host)
    return file, ends


def test_the_exporter_accepts_its_configuration(authority: Authority, tmp_path: Path) -> None:
    file = blackbox.write_configuration(tmp_path, authority)
    assert blackbox.check(file).returncode == 0
    file.write_text(file.read_text().replace("fail_if_not_ssl", "fail_without_ssl"))
    assert blackbox.check(file).returncode != 0


def test_the_end_of_the_certificate_that_redis_serves_is_told(
    exporter: Exporter, authority: Authority, tmp_path: Path
) -> None:
    file, ends = _issued(tmp_path, authority, days=10)
    with tls.server(file) as address:
        said = blackbox.values(exporter.probe("redis", address))
    assert said["probe_success"] == 1
    assert said[_ENDS] == ends.timestamp()


@pytest.mark.parametrize("fault", ["it has ended", "another authority", "another name"])
@pytest.mark.parametrize("module", blackbox.PROBES)
def test_a_certificate_that_clients_refuse_fails_the_probe(
    module: str, fault: str, exporter: Exporter, authority: Authority, tmp_path: Path
) -> None:
    file, _ = _issued(
        tmp_path,
        Authority() if fault == "another authority" else authority,
        days=-1 if fault == "it has ended" else 200,
        host="redis.example" if fault == "another name" else tls.HOST,
    )
    with tls.server(file, N8N.get(module)) as address:
        target = address if module == "redis" else f"https://{address}{PATHS[module]}"
        said = blackbox.values(exporter.probe(module, target))
    assert said["probe_success"] == 0
    # Nothing that would look like a certificate which lasts.
    assert said.get(_ENDS, 0) == 0


def test_a_server_that_is_not_there_fails_the_probe(
    exporter: Exporter, authority: Authority, tmp_path: Path
) -> None:
    file, _ = _issued(tmp_path, authority)
    with tls.server(file) as address:
        pass
    assert blackbox.values(exporter.probe("redis", address))["probe_success"] == 0


@pytest.mark.parametrize("module", N8N)
def test_n8ns_own_answer_passes_the_probe_and_tells_the_certificates_end(
    module: str, exporter: Exporter, authority: Authority, tmp_path: Path
) -> None:
    file, ends = _issued(tmp_path, authority)
    with tls.server(file, N8N[module]) as address:
        said = blackbox.values(exporter.probe(module, f"https://{address}{PATHS[module]}"))
    assert said["probe_success"] == 1
    assert said[_ENDS] == ends.timestamp()


@pytest.mark.parametrize("answer", _NOT_N8N.values(), ids=_NOT_N8N)
@pytest.mark.parametrize("module", N8N)
def test_an_answer_that_is_not_n8ns_fails_the_probe(
    module: str, answer: Answer, exporter: Exporter, authority: Authority, tmp_path: Path
) -> None:
    file, ends = _issued(tmp_path, authority)
    with tls.server(file, answer) as address:
        said = blackbox.values(exporter.probe(module, f"https://{address}{PATHS[module]}"))
    assert said["probe_success"] == 0
    # The gateway's certificate is seen all the same.
    assert said[_ENDS] == ends.timestamp()


def test_main_that_is_not_ready_fails_the_probe(
    exporter: Exporter, authority: Authority, tmp_path: Path
) -> None:
    file, _ = _issued(tmp_path, authority)
    with tls.server(file, Answer(status=503, body='{"status":"error"}')) as address:
        said = exporter.probe("editor", f"https://{address}{PATHS['editor']}")
    assert blackbox.values(said)["probe_success"] == 0


@pytest.mark.parametrize(
    ("days", "webhooks", "fires"),
    [
        (200, N8N["webhooks"], set()),
        (10, N8N["webhooks"], {"N8nCertificateExpiring warning"}),
        (1, N8N["webhooks"], {"N8nCertificateExpiring critical"}),
        (-1, N8N["webhooks"], {"RedisTlsFailing warning"}),
        (200, Answer(status=404), {"N8nUnreachable critical"}),
    ],
    ids=["all is well", "10 days left", "a day left", "ended", "no pod answers"],
)
def test_alerts_hold_on_what_the_exporter_says(
    days: float,
    webhooks: Answer,
    fires: set[str],
    exporter: Exporter,
    authority: Authority,
    tmp_path: Path,
) -> None:
    file, _ = _issued(tmp_path, authority, days=days)
    with tls.server(file) as address:
        redis = exporter.probe("redis", address)
    authority.issue(file, ends=_NOW + timedelta(days=200))
    with tls.server(file, webhooks) as address:
        public = exporter.probe("webhooks", f"https://{address}{PATHS['webhooks']}")
    texts = {
        "probe-redis": redis,
        "probe-webhooks": public,
        "redis": prometheus.recordings()["redis"],
    }
    folder = tmp_path / "prometheus"
    folder.mkdir()
    with prometheus.running(folder, scrapes=1, texts=texts) as scraping:
        held = {
            f"{alert.name} {alert.severity}"
            for alert in ALERTS
            if scraping.query(alert.expr.replace("$namespace", "n8n"))
        }
    assert held == fires
