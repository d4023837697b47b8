"""Secrets are referred to: no value stands in a manifest, and none in a message."""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from policies.condition import Condition
from policies.conditions import literal_secrets
from policies.resources.resource import Resource
from tests.policies.judging import DEFAULTS, UNKNOWN, resource, said
from tests.policies.pods import APP, deployment
from tests.policies.wording import pending, violated

_REFERENCE = "a reference to a Secret"
_CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
_SECRET = "kubernetes:core/v1:Secret"
_EXTERNAL_SECRET = "kubernetes:external-secrets.io/v1:ExternalSecret"
_PRIVATE_KEY = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIB\n-----END EC PRIVATE KEY-----"

_SHAPES = {
    _PRIVATE_KEY: "a private key",
    "postgres://n8n:hunter2@postgres:5432/n8n": "a connection string with a password",
    "url = redis://:hunter2@redis:6379\n": "a connection string with a password",
    "AKIAIOSFODNN7EXAMPLE": "an access key of AWS",
    f"https://ghp_{'a1' * 18}@github.com": "a token of GitHub",
    f"glpat-{'a1' * 10}": "a token of GitLab",
    "xoxb-123456789012-abcdef": "a token of Slack",
    f"key: sk-proj-{'a1' * 12}": "an API key of an AI provider",
    f"sk_live_{'a1' * 12}": "a key of Stripe",
    f"AIza{'a1-_b' * 7}": "an API key of Google",
    f"npm_{'a1' * 18}": "a token of npm",
    f"pul-{'a1' * 20}": "a token of Pulumi",
    f"Bearer eyJ{'a1' * 9}.eyJ{'b2' * 9}.{'c3' * 9}": "a signed token",
}
"""One of each kind of secret that is recognised wherever it stands. None opens anything."""


def with_variable(name: Any, value: Any) -> Resource:
    return deployment({"env": [{"name": name, "value": value}]})


def running(*words: Any) -> Resource:
    return deployment({"args": list(words)})


def config_map(data: Any) -> Resource:
    return resource(_CONFIG_MAP, {"data": data})


def templated(**template: Any) -> Resource:
    return resource(_EXTERNAL_SECRET, {"spec": {"target": {"template": template}}})


def annotated(value: Any) -> Resource:
    return resource(
        "kubernetes:gateway.networking.k8s.io/v1:Gateway", {"metadata": {"annotations": value}}
    )


def found(condition: Condition, judged: Resource, path: str, kind: str) -> str:
    return violated(condition, judged, found=f"{path} with {kind}", requires=_REFERENCE, fix=path)


@pytest.mark.parametrize(("text", "kind"), _SHAPES.items())
def test_a_secret_is_recognised_by_its_shape_wherever_it_stands(text: str, kind: str) -> None:
    variable, argument = with_variable("SOME_SETTING", text), running("serve", text)
    file, annotation = config_map({"app.conf": text}), annotated({"note": text})
    template = templated(data={"app.conf": text})

    for condition, judged, path in (
        (
            literal_secrets.no_literal_secret_in_environment,
            variable,
            f"{APP}.env[SOME_SETTING].value",
        ),
        (literal_secrets.no_literal_secret_in_arguments, argument, f"{APP}.args[1]"),
        (literal_secrets.no_literal_secret_in_config_maps, file, "data.app.conf"),
        (
            literal_secrets.no_literal_secret_in_annotations,
            annotation,
            "metadata.annotations.note",
        ),
        (
            literal_secrets.no_literal_secret_in_secret_templates,
            template,
            "spec.target.template.data.app.conf",
        ),
    ):
        assert said(condition, judged) == [found(condition, judged, path, kind)]


@pytest.mark.parametrize(
    "text",
    [
        "postgres://n8n@postgres:5432/n8n",
        "postgres://n8n:$(DB_PASSWORD)@postgres/n8n",
        "postgres://n8n:${DB_PASSWORD}@postgres/n8n",
        "postgres://user:<password>@host/db",
        "https://hooks.example:8443/path?to=somebody@example.org",
        "-----BEGIN CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----",
        "registry.example:5000/app@sha256:00",
        "task-that-folds-cubes-for-a-long-time",
        "",
    ],
)
def test_what_only_resembles_a_secret_is_none(text: str) -> None:
    for condition, judged in (
        (literal_secrets.no_literal_secret_in_environment, with_variable("SOME_SETTING", text)),
        (literal_secrets.no_literal_secret_in_arguments, running(text)),
        (literal_secrets.no_literal_secret_in_config_maps, config_map({"app.conf": text})),
        (literal_secrets.no_literal_secret_in_annotations, annotated({"note": text})),
    ):
        assert said(condition, judged) == []


@pytest.mark.parametrize(
    "name",
    [
        "DB_PASSWORD",
        "PGPASSWORD",
        "dbPassword",
        "MYSQL_PWD",
        "SMTP_PASS",
        "AUTH_TOKEN",
        "CLIENT_SECRET",
        "OPENAI_API_KEY",
        "N8N_ENCRYPTION_KEY",
        "AWS_SECRET_ACCESS_KEY",
        "REDISCLI_AUTH",
        "TOKEN_BASE64",
        "DB_PASSWORD_2",
    ],
)
def test_a_secret_is_recognised_by_its_name(name: str) -> None:
    variable, data = with_variable(name, "hunter2"), config_map({name: "hunter2"})
    environment = literal_secrets.no_literal_secret_in_environment
    config_maps = literal_secrets.no_literal_secret_in_config_maps

    assert said(environment, variable) == [
        found(environment, variable, f"{APP}.env[{name}].value", "a literal secret")
    ]
    assert said(config_maps, data) == [found(config_maps, data, f"data.{name}", "a literal secret")]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD_FILE", "hunter2"),
        ("PASSWORD_MIN_LENGTH", "twelve"),
        ("TOKEN_URL", "example.org"),
        ("SECRET_NAME", "redis-auth"),
        ("TLS_SECRET", "redis-tls"),
        ("JWT_PUBLIC_KEY", "abc"),
        ("PARTITION_KEY", "tenant"),
        ("KEYBOARD", "qwerty"),
        ("PWD", "home"),
        ("DB_PASSWORD", ""),
        ("DB_PASSWORD", None),
        ("DB_PASSWORD", "/run/secrets/password"),
        ("DB_PASSWORD", "$(OTHER)"),
        ("ASK_PASSWORD", "true"),
        ("MAX_TOKEN", "4096"),
        ("ACCESS_TOKEN", "300s"),
        ("ACCESS_TOKEN", "https://login.example/token"),
        ("ACCESS_TOKEN", "vault:secret/n8n#token"),
    ],
)
def test_what_is_only_about_a_secret_is_none(name: str, value: str | None) -> None:
    variable = with_variable(name, value)

    assert said(literal_secrets.no_literal_secret_in_environment, variable) == []


def test_a_reference_to_a_secret_is_what_is_required() -> None:
    reference = {"secretKeyRef": {"name": "database-auth", "key": "password"}}
    variable = deployment({"env": [{"name": "DB_PASSWORD", "valueFrom": reference}]})

    assert said(literal_secrets.no_literal_secret_in_environment, variable) == []


@pytest.mark.parametrize(
    ("words", "position"),
    [
        (["serve", "--password=hunter2"], 1),
        (["--db-password", "hunter2"], 1),
        (["-requirepass", "hunter2"], 1),
        (["sh", "-c", "export DB_PASSWORD='hunter 2' && serve"], 2),
        (["sh", "-c", "redis-server --requirepass hunter2 --port 6379"], 2),
        (["psql", "postgres://n8n:hunter2@postgres/n8n"], 1),
    ],
)
def test_a_secret_in_arguments_is_found_where_it_stands(words: list[str], position: int) -> None:
    condition = literal_secrets.no_literal_secret_in_arguments
    (message,) = said(condition, running(*words))

    assert f"Fix: {APP}.args[{position}]." in message
    assert "hunter" not in message


@pytest.mark.parametrize(
    "words",
    [
        ["--password-file=/run/secrets/password"],
        ["--password", "--verbose", "fast"],
        ["--password", "$(DB_PASSWORD)"],
        ["sh", "-c", 'DB_PASSWORD="$(cat /run/password)" serve --token $TOKEN'],
        ["--key", "value", "--concurrency=10"],
    ],
)
def test_arguments_may_say_where_a_secret_is(words: list[str]) -> None:
    assert said(literal_secrets.no_literal_secret_in_arguments, running(*words)) == []


def test_commands_of_probes_and_hooks_are_judged_as_well() -> None:
    command = {"exec": {"command": ["redis-cli", "--pass", "hunter2", "ping"]}}
    judged = deployment({"livenessProbe": command, "lifecycle": {"preStop": command}})

    condition = literal_secrets.no_literal_secret_in_arguments
    assert said(condition, judged) == [
        found(condition, judged, f"{APP}.{place}.exec.command[2]", "a literal secret")
        for place in ("livenessProbe", "lifecycle.preStop")
    ]


def test_a_secret_in_json_is_found_at_its_property_wherever_the_document_stands() -> None:
    target = {"provider": "openai", "api_key": "hunter2hunter2"}
    text = json.dumps({"strategy": {"mode": "single"}, "targets": [target]})

    for condition, judged, path in (
        (
            literal_secrets.no_literal_secret_in_environment,
            with_variable("PORTKEY_CONFIG", text),
            f"{APP}.env[PORTKEY_CONFIG].value",
        ),
        (
            literal_secrets.no_literal_secret_in_arguments,
            running("--config", text),
            f"{APP}.args[1]",
        ),
        (
            literal_secrets.no_literal_secret_in_config_maps,
            config_map({"conf.json": text}),
            "data.conf.json",
        ),
        (
            literal_secrets.no_literal_secret_in_config_maps,
            resource(_CONFIG_MAP, {"binaryData": {"conf": b64encode(text.encode()).decode()}}),
            "binaryData.conf",
        ),
        (
            literal_secrets.no_literal_secret_in_annotations,
            annotated({"config": text}),
            "metadata.annotations.config",
        ),
        (
            literal_secrets.no_literal_secret_in_secret_templates,
            templated(data={"conf.json": text}),
            "spec.target.template.data.conf.json",
        ),
    ):
        place = f"{path}.targets[0].api_key"
        assert said(condition, judged) == [found(condition, judged, place, "a literal secret")]


@pytest.mark.parametrize(
    "key",
    [
        *("api_key", "apiKey", "x-portkey-api-key", "virtual_key", "aws_secret_access_key"),
        *("password", "client_secret", "azure_ad_token", "privateKey"),
    ],
)
def test_a_secret_in_json_is_recognised_by_its_key(key: str) -> None:
    condition = literal_secrets.no_literal_secret_in_config_maps
    judged = config_map({"conf.json": json.dumps([{key: "hunter2hunter2"}])})

    assert said(condition, judged) == [
        found(condition, judged, f"data.conf.json[0].{key}", "a literal secret")
    ]


def test_a_secret_in_json_is_recognised_by_its_shape_as_value_as_key_and_in_json_again() -> None:
    condition = literal_secrets.no_literal_secret_in_config_maps
    secret = f"sk-proj-{'a1' * 12}"
    kind = "an API key of an AI provider"

    for document, place in (
        ({"note": [secret]}, "data.conf.json.note[0]"),
        ({secret: 1}, "data.conf.json"),
        ({"header": json.dumps({"note": secret})}, "data.conf.json.header.note"),
    ):
        judged = config_map({"conf.json": json.dumps(document)})
        assert said(condition, judged) == [found(condition, judged, place, kind)]


@pytest.mark.parametrize(
    "document",
    [
        # The router's routing document, and Portkey's options that are about keys.
        {"upstream_key": "PORTKEY_API_KEY", "providers": {"openai": {"key": "OPENAI_API_KEY"}}},
        {"retry": {"attempts": 1}, "forward_headers": ["x-portkey-api-key"]},
        # n8n's credentials as External Secrets fills them in, workflows, and dashboards.
        {"openAiApi": {"apiKey": "{{ .OPENAI_API_KEY }}"}},
        {"token": "Bearer {{ .TOKEN }}", "password": "={{ $json.password }}"},
        {"parameters": {"mergeKey": "id", "groupKey": "building"}, "nextPageToken": None},
        {"max_tokens": 4096, "password": {"file": "/run/password"}},
    ],
)
def test_json_that_is_only_about_secrets_has_none(document: Any) -> None:
    text = json.dumps(document)

    for condition, judged in (
        (literal_secrets.no_literal_secret_in_config_maps, config_map({"conf.json": text})),
        (literal_secrets.no_literal_secret_in_secret_templates, templated(data={"a": text})),
    ):
        assert said(condition, judged) == []


@pytest.mark.parametrize(
    ("template", "place"),
    [
        ({"data": {"password": "hunter2"}}, "data.password"),
        ({"data": {"url": "postgres://n8n:hunter2@postgres/n8n"}}, "data.url"),
        ({"templateFrom": [{"literal": _PRIVATE_KEY}]}, "templateFrom[0].literal"),
    ],
)
def test_a_secret_of_a_templates_own_is_found(template: Mapping[str, Any], place: str) -> None:
    condition = literal_secrets.no_literal_secret_in_secret_templates
    (message,) = said(condition, templated(**template))

    assert f"Fix: spec.target.template.{place}." in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    "template",
    [
        {"type": "Opaque"},
        {"data": {"password": "{{ .password }}", "user": "n8n"}},
        {"data": {"password": "prefix-{{ .password }}"}},
        {"data": {"url": "postgres://n8n:{{ .password }}@postgres/n8n"}},
        {"templateFrom": [{"configMap": {"name": "template"}}]},
    ],
)
def test_a_template_refers_to_what_the_store_has(template: Mapping[str, Any]) -> None:
    condition = literal_secrets.no_literal_secret_in_secret_templates
    assert said(condition, templated(**template)) == []


def test_binary_data_is_read() -> None:
    condition = literal_secrets.no_literal_secret_in_config_maps
    encoded = b64encode(_PRIVATE_KEY.encode()).decode()
    judged = resource(
        _CONFIG_MAP, {"binaryData": {"tls.key": encoded, "odd": "no base64", "none": None}}
    )

    assert said(condition, judged) == [
        found(condition, judged, "binaryData.tls.key", "a private key")
    ]


def test_annotations_of_pods_are_judged_once() -> None:
    condition = literal_secrets.no_literal_secret_in_annotations
    metadata = {"annotations": {"note": "AKIAIOSFODNN7EXAMPLE", "checksum/secret": "f00"}}
    pod = resource("kubernetes:core/v1:Pod", {"metadata": metadata})
    template = resource("kubernetes:batch/v1:Job", {"spec": {"template": {"metadata": metadata}}})
    kind = "an access key of AWS"

    assert said(condition, pod) == [found(condition, pod, "metadata.annotations.note", kind)]
    assert said(condition, template) == [
        found(condition, template, "spec.template.metadata.annotations.note", kind)
    ]


@pytest.mark.parametrize(
    ("condition", "judged", "path"),
    [
        (
            literal_secrets.no_literal_secret_in_environment,
            with_variable("DB_PASSWORD", UNKNOWN),
            f"{APP}.env[DB_PASSWORD].value",
        ),
        (
            literal_secrets.no_literal_secret_in_environment,
            deployment({"env": UNKNOWN}),
            f"{APP}.env[*].value",
        ),
        (literal_secrets.no_literal_secret_in_arguments, running(UNKNOWN), f"{APP}.args[0]"),
        (
            literal_secrets.no_literal_secret_in_config_maps,
            config_map({"app.conf": UNKNOWN}),
            "data.app.conf",
        ),
        (literal_secrets.no_literal_secret_in_config_maps, config_map(UNKNOWN), "data.*"),
        (
            literal_secrets.no_literal_secret_in_annotations,
            annotated(UNKNOWN),
            "metadata.annotations.*",
        ),
        (
            literal_secrets.no_literal_secret_in_secret_templates,
            templated(data={"password": UNKNOWN}),
            "spec.target.template.data.password",
        ),
        (
            literal_secrets.no_literal_secret_in_secret_templates,
            templated(templateFrom=[{"literal": UNKNOWN}]),
            "spec.target.template.templateFrom[0].literal",
        ),
    ],
)
def test_what_is_unknown_may_be_a_secret(condition: Condition, judged: Resource, path: str) -> None:
    assert said(condition, judged) == [
        pending(condition, judged, unknown=path, requires=_REFERENCE)
    ]


class TestSecretsAreFilledFromOutside:
    condition = literal_secrets.secrets_are_filled_from_outside
    requires = "no value, or a name in bootstrapSecrets"
    parameters = replace(DEFAULTS, bootstrap_secrets=("redis-*", "authority"))

    def said(self, properties: Mapping[str, Any], name: str = "example") -> list[str]:
        return said(
            self.condition, resource(_SECRET, properties, name=name), parameters=self.parameters
        )

    @pytest.mark.parametrize("section", ["data", "stringData"])
    def test_a_value_is_found(self, section: str) -> None:
        judged = resource(_SECRET, {section: {"password": "hunter2", "user": UNKNOWN}})

        assert said(self.condition, judged, parameters=self.parameters) == [
            violated(
                self.condition,
                judged,
                found=f"{section} filled by the program",
                requires=self.requires,
                fix=section,
            )
        ]

    def test_an_empty_secret_passes(self) -> None:
        assert self.said({"type": "Opaque"}) == []
        assert self.said({"data": {"password": ""}, "stringData": {}}) == []

    def test_a_bootstrap_secret_passes_by_either_of_its_names(self) -> None:
        data = {"password": "hunter2"}

        assert self.said({"data": data, "metadata": {"name": "redis-auth"}}) == []
        assert self.said({"data": data, "metadata": {"name": UNKNOWN}}, name="authority") == []
        assert len(self.said({"data": data, "metadata": {"name": "database-auth"}})) == 1

    @pytest.mark.parametrize(
        "properties",
        [
            {"data": UNKNOWN},
            {"data": {"password": UNKNOWN}},
            {"data": {"password": "hunter2"}, "metadata": {"name": UNKNOWN}},
        ],
    )
    def test_what_is_unknown_is_undecided(self, properties: Mapping[str, Any]) -> None:
        judged = resource(_SECRET, properties)

        assert said(self.condition, judged, parameters=self.parameters) == [
            pending(self.condition, judged, unknown="data", requires=self.requires)
        ]
