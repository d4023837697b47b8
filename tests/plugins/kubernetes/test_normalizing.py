import base64

from pulumi.runtime import rpc

from local.plugins.kubernetes import normalizing


def _secret(**fields):
    return normalizing.inputs({"apiVersion": "v1", "kind": "Secret", "metadata": {}, **fields})


def test_nulls_and_what_only_the_server_writes_are_left_out():
    obj = normalizing.inputs(
        {
            "kind": "ConfigMap",
            "metadata": {"name": "x", "uid": "1", "resourceVersion": "2", "managedFields": []},
            "data": {"a": None, "b": "c"},
        }
    )
    assert obj == {"kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"b": "c"}}


def test_a_secrets_plain_strings_go_encoded_into_its_data_and_win_there():
    secret = _secret(data={"a": "b2xk", "b": "Yg=="}, stringData={"a": "new"})
    assert secret["data"] == {"a": base64.b64encode(b"new").decode(), "b": "Yg=="}
    assert "stringData" not in secret


def test_a_secret_that_is_not_known_yet_stays_unknown():
    assert _secret(stringData={"a": rpc.UNKNOWN})["data"] == {"a": rpc.UNKNOWN}
    assert _secret(stringData=rpc.UNKNOWN)["data"] == rpc.UNKNOWN
    assert _secret(data={"a": rpc.UNKNOWN})["data"] == {"a": rpc.UNKNOWN}


def test_broken_base64_is_left_for_the_server_to_refuse():
    assert _secret(data={"a": "not-base64", "b": "Yg\n==\n"})["data"] == {
        "a": "not-base64",
        "b": "Yg==",
    }


def test_pruning_leaves_only_what_was_asked_for():
    live = {"a": 1, "b": {"c": 2, "d": 3}, "e": [{"f": 1, "g": 2}, {"f": 3}]}
    assert normalizing.prune(live, {"b": {"c": 0}, "e": [{"f": 0}], "z": 1}) == {
        "b": {"c": 2},
        "e": [{"f": 1}],
    }


def test_a_refresh_does_not_lose_the_zero_values_that_the_server_drops():
    sent = {"spec": {"hostNetwork": False, "ingress": [], "name": "x"}}
    live = {"spec": {"name": "y", "other": 1}}
    kept = normalizing.seen(live, sent, typed=True)
    assert kept == {"spec": {"hostNetwork": False, "ingress": [], "name": "y"}}
    assert normalizing.seen(live, sent, typed=False) == {"spec": {"name": "y"}}
