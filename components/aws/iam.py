"""Policies of IAM, written down."""

import json
from collections.abc import Mapping, Sequence
from typing import Any


def policy(*statements: Mapping[str, Any]) -> str:
    """A policy as AWS takes it, of statements with known values."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions: Sequence[str], resources: Sequence[str], **more: Any) -> dict[str, Any]:
    """A statement that allows actions on resources."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources), **more}


def assumed_by(service: str, account_id: str) -> str:
    """Who may take a role on: a service of AWS, on behalf of this account only."""
    return policy(
        {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": account_id}},
        }
    )


def assumed_by_pods(account_id: str, *, cluster: str, namespace: str, service_account: str) -> str:
    """Who may take a role on: the pods of one service account of one EKS cluster.

    Args:
        account_id: the account.
        cluster: name of the cluster.
        namespace: of the pods.
        service_account: its name.
    """
    return policy(
        {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            # Session tags that EKS sets, and no pod can:
            # https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
            "Condition": {
                "StringEquals": {
                    "aws:SourceAccount": account_id,
                    "aws:RequestTag/eks-cluster-name": cluster,
                    "aws:RequestTag/kubernetes-namespace": namespace,
                    "aws:RequestTag/kubernetes-service-account": service_account,
                }
            },
        }
    )
