"""EKS: who gets in, what its nodes are, and what the packs say of all that is made for it."""

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import yaml

from policies.judgement import Result
from policies.resources.place import Place
from policies.resources.resource import Resource
from tests.policies.judging import judgements
from tests.policies.mutations import REMOVED, Mutation
from tests.unit.aws.foundation import (
    DEPLOYER,
    EXISTING,
    REGION,
    ZONES,
    away,
    cluster_of,
    recorded,
    values,
)


def eks(of: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    (found,) = recorded(of or values()).typed("eks/cluster:Cluster")
    return found.inputs


def test_a_node_group_is_in_one_zone_and_every_zone_has_one() -> None:
    groups = recorded(values()).typed("eks/nodeGroup:NodeGroup")

    assert {each.name: each.inputs["subnetIds"] for each in groups} == {
        zone: [f"private-{zone}-id"] for zone in ZONES
    }


def test_by_default_the_api_is_reached_inside_the_vpc_only() -> None:
    access = eks()["vpcConfig"]

    assert access["endpointPrivateAccess"] is True
    assert access["endpointPublicAccess"] is False
    assert access["subnetIds"] == [f"intra-{zone}-id" for zone in ZONES]


def test_public_ranges_open_the_api_to_themselves() -> None:
    access = eks(cluster_of(publicAccessCidrs=["8.8.8.0/24"]))["vpcConfig"]

    assert access["endpointPublicAccess"] is True
    assert access["endpointPrivateAccess"] is True
    assert access["publicAccessCidrs"] == ["8.8.8.0/24"]


def test_connected_ranges_reach_the_api_s_private_address() -> None:
    made = recorded(cluster_of(privateAccessCidrs=["10.99.0.0/24"]))
    rule = made.named("vpc/securityGroupIngressRule:SecurityGroupIngressRule", "api-10.99.0.0/24")

    assert (rule["cidrIpv4"], rule["fromPort"], rule["toPort"]) == ("10.99.0.0/24", 443, 443)
    (cluster,) = made.typed("eks/cluster:Cluster")
    assert cluster.inputs["vpcConfig"]["securityGroupIds"] == [rule["securityGroupId"]]


def test_only_who_is_named_gets_in_and_as_far_as_is_said() -> None:
    viewer = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/Auditor"
    made = recorded(
        cluster_of(access=[{"role": DEPLOYER, "level": "admin"}, {"role": viewer, "level": "view"}])
    )
    granted = {
        each.inputs["principalArn"]: each.inputs["policyArn"].rpartition("/")[2]
        for each in made.typed("eks/accessPolicyAssociation:AccessPolicyAssociation")
    }

    assert granted == {DEPLOYER: "AmazonEKSClusterAdminPolicy", viewer: "AmazonEKSViewPolicy"}
    assert {each.inputs["principalArn"] for each in made.typed("eks/accessEntry:AccessEntry")} == {
        DEPLOYER,
        viewer,
    }
    (cluster,) = made.typed("eks/cluster:Cluster")
    assert cluster.inputs["accessConfig"] == {
        "authenticationMode": "API",
        "bootstrapClusterCreatorAdminPermissions": False,
    }


def test_the_control_plane_s_log_is_made_before_eks_makes_it_without_a_key() -> None:
    made = recorded(values(name="sophia"))
    group = made.named("cloudwatch/logGroup:LogGroup", "control-plane")
    (cluster,) = made.typed("eks/cluster:Cluster")

    assert group["name"] == f"/aws/eks/{cluster.inputs['name']}/cluster"
    # And after what it may do: a role that may nothing yet makes EKS give up.
    assert made.waits_for("aws:eks/cluster:Cluster", "cluster") == {
        ("LogGroup", "control-plane"),
        ("RolePolicyAttachment", "control-plane"),
        ("RolePolicy", "control-plane-key"),
    }


def test_the_control_plane_may_use_the_key_of_secrets_and_no_other() -> None:
    made = recorded(values())
    (allowed,) = json.loads(made.named("iam/rolePolicy:RolePolicy", "control-plane-key")["policy"])[
        "Statement"
    ]
    key = made.named("kms/alias:Alias", "cluster")

    assert allowed["Condition"] == {
        "ForAnyValue:StringEquals": {"kms:ResourceAliases": key["name"]}
    }
    assert key["targetKeyId"] == "cluster-id"


def test_nodes_come_after_what_gives_them_addresses_and_before_what_runs_on_them() -> None:
    made = recorded(values())

    assert made.waits_for("n8n-platform:aws:Nodes", "nodes") == {("NodeAddons", "node-addons")}
    assert made.waits_for("n8n-platform:aws:ClusterAddons", "cluster-addons") == {
        ("Nodes", "nodes")
    }
    assert {each.name for each in made.typed("eks/addon:Addon")} == {
        "coredns",
        "kube-proxy",
        "vpc-cni",
        "eks-pod-identity-agent",
        "aws-ebs-csi-driver",
        "metrics-server",
    }


def test_a_standby_differs_from_what_takes_over_in_the_number_of_its_nodes_alone() -> None:
    """`role` flips by configuration, and nothing is replaced."""
    number = {"nodesPerZone": 4, "standbyNodesPerZone": 1}
    before, after = (
        sorted(recorded(away(role, **number)), key=lambda each: (each.type, each.name))
        for role in ("standby", "primary")
    )

    assert [(each.type, each.name) for each in before] == [(each.type, each.name) for each in after]
    changed = {
        (one.kind, key): (one.inputs[key], other.inputs[key])
        for one, other in zip(before, after, strict=True)
        for key in one.inputs
        if one.inputs[key] != other.inputs[key]
    }
    size = {"minSize": 1, "desiredSize": 1, "maxSize": 1}
    assert changed == {
        ("NodeGroup", "scalingConfig"): (size, dict.fromkeys(size, 4)),
    }


def test_a_node_takes_as_many_pods_as_the_plan_has_addresses_for() -> None:
    (template,) = recorded(values()).typed("ec2/launchTemplate:LaunchTemplate")
    text = base64.b64decode(template.inputs["userData"]).decode()
    document = text.partition("application/node.eks.aws\n\n")[2].partition("\n--//--")[0]

    assert yaml.safe_load(document)["spec"] == {"kubelet": {"config": {"maxPods": 110}}}


def test_a_machine_has_no_public_address_and_the_cluster_s_security_group() -> None:
    (template,) = recorded(values()).typed("ec2/launchTemplate:LaunchTemplate")
    (interface,) = template.inputs["networkInterfaces"]

    assert interface["associatePublicIpAddress"] == "false"
    assert interface["securityGroups"] == ["sg-cluster"]
    for each in template.inputs["tagSpecifications"]:
        assert each["tags"]["n8n-platform/owner"] == "platform-team"


def test_machines_may_not_do_what_pods_have_roles_for() -> None:
    made = recorded(values())
    attached = {
        each.inputs["policyArn"].rpartition("/")[2]
        for each in made.typed("iam/rolePolicyAttachment:RolePolicyAttachment")
        if each.name.startswith("nodes-")
    }

    assert {each.inputs["nodeRoleArn"] for each in made.typed("eks/nodeGroup:NodeGroup")} == {
        "arn:aws:iam:::nodes"
    }
    assert attached == {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"}


@pytest.mark.parametrize(
    ("addon", "service_account", "role", "managed_policy"),
    [
        ("vpc-cni", "aws-node", "vpc-cni", "AmazonEKS_CNI_Policy"),
        (
            "aws-ebs-csi-driver",
            "ebs-csi-controller-sa",
            "ebs-csi",
            "service-role/AmazonEBSCSIDriverPolicy",
        ),
    ],
)
def test_an_add_on_that_calls_aws_has_a_role_for_its_own_pods_only(
    addon: str, service_account: str, role: str, managed_policy: str
) -> None:
    made = recorded(values())
    (association,) = made.named("eks/addon:Addon", addon)["podIdentityAssociations"]
    trust = json.loads(made.named("iam/role:Role", role)["assumeRolePolicy"])["Statement"][0]
    attached = made.named("iam/rolePolicyAttachment:RolePolicyAttachment", role)

    assert association == {"serviceAccount": service_account, "roleArn": f"arn:aws:iam:::{role}"}
    assert trust["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert trust["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    same = trust["Condition"]["StringEquals"]
    assert same["aws:RequestTag/kubernetes-service-account"] == service_account
    assert same["aws:RequestTag/kubernetes-namespace"] == "kube-system"
    assert same["aws:RequestTag/eks-cluster-name"] == "n8n"
    assert attached["policyArn"] == f"arn:aws:iam::aws:policy/{managed_policy}"


def test_network_policies_are_enforced_and_addresses_come_in_prefixes() -> None:
    configuration = json.loads(
        recorded(values()).named("eks/addon:Addon", "vpc-cni")["configurationValues"]
    )
    assert configuration["enableNetworkPolicy"] == "true"
    assert configuration["env"]["ENABLE_PREFIX_DELEGATION"] == "true"


def test_every_add_on_is_pinned_by_its_setting() -> None:
    of = cluster_of(addons={"coredns": "v1.99.0-eksbuild.7"})
    versions = {
        each.name: each.inputs["addonVersion"] for each in recorded(of).typed("eks/addon:Addon")
    }

    assert versions["coredns"] == "v1.99.0-eksbuild.7"
    assert len(versions) == 6
    assert all("-eksbuild." in each for each in versions.values())


def test_the_kubeconfig_lets_the_aws_cli_fetch_a_token_and_holds_none() -> None:
    document = json.loads(recorded(values()).outputs["kubeconfig"])
    (cluster,), (user,) = document["clusters"], document["users"]

    assert cluster["cluster"] == {
        "server": "https://cluster.example",
        "certificate-authority-data": "Y2VydGlmaWNhdGU=",
    }
    assert set(user["user"]) == {"exec"}
    command = [user["user"]["exec"]["command"], *user["user"]["exec"]["args"]]
    assert command[:3] == ["aws", "eks", "get-token"]
    assert command[command.index("--cluster-name") + 1] == "n8n"
    assert command[command.index("--region") + 1] == REGION
    assert document["current-context"] == document["contexts"][0]["name"]


def test_an_existing_cluster_is_reached_and_nothing_is_made_for_it() -> None:
    made = recorded(EXISTING)
    document = json.loads(made.outputs["kubeconfig"])

    assert not [each for each in made if each.type.startswith("aws:eks/")]
    assert document["clusters"][0]["cluster"]["server"].startswith("https://ABC.gr7")
    assert "shared" in document["users"][0]["user"]["exec"]["args"]
    assert made.outputs["securityGroup"] == "sg-0abc"


def test_volumes_are_encrypted_unless_somebody_asks_for_something_else() -> None:
    storage = recorded(values()).one("StorageClass")

    assert storage["metadata"]["annotations"] == {
        "storageclass.kubernetes.io/is-default-class": "true"
    }
    assert storage["volumeBindingMode"] == "WaitForFirstConsumer"
    marks = {storage["parameters"][key] for key in storage["parameters"] if "tagSpec" in key}
    assert "n8n-platform/owner=platform-team" in marks


def resources(of: Mapping[str, Any]) -> tuple[Resource, ...]:
    """The foundation as the policies see it after a deployment, when every name is known."""
    made = recorded(of)
    return tuple(
        Resource(
            type=each.type,
            name=each.name,
            urn=f"urn:pulumi:test::n8n-platform::{position}${each.type}::{each.name}",
            read=partial(dict, {**each.inputs, "id": f"{each.name}-id"}),
            protect=bool(made.options[each.type, each.name].protect),
            provider=Place("provider", {"region": REGION}),
        )
        for position, each in enumerate(made)
        if not each.type.startswith("n8n-platform:")
    )


@pytest.mark.parametrize(
    "of",
    [
        values(),
        away("standby"),
        EXISTING,
        cluster_of(publicAccessCidrs=["8.8.8.0/24"], privateAccessCidrs=["10.99.0.0/24"]),
    ],
    ids=["primary", "standby", "existing cluster", "reachable"],
)
def test_neither_pack_finds_anything(of: Mapping[str, Any]) -> None:
    made = resources(of)
    wrong = {
        (each.condition.id, each.resource.name, each.result)
        for each in judgements(made, *made)
        if each.result is not Result.PASSED
    }
    assert wrong == set()


MUTATIONS: dict[str, Mutation | None] = {
    "eks-writes-all-logs": Mutation("Cluster", "cluster", "enabledClusterLogTypes", ["api"]),
    "eks-secrets-are-encrypted-with-own-key": Mutation(
        "Cluster", "cluster", "encryptionConfig", REMOVED
    ),
    "eks-access-is-by-api": Mutation(
        "Cluster", "cluster", "accessConfig.authenticationMode", "API_AND_CONFIG_MAP"
    ),
    "eks-has-a-private-endpoint": Mutation(
        "Cluster", "cluster", "vpcConfig.endpointPrivateAccess", False
    ),
    "eks-is-not-open-to-everybody": Mutation(
        "Cluster", "cluster", "vpcConfig.endpointPublicAccess", True
    ),
    "instance-metadata-is-guarded": Mutation(
        "LaunchTemplate", "nodes", "metadataOptions.httpTokens", "optional"
    ),
    "storage-is-encrypted": Mutation(
        "LaunchTemplate", "nodes", "blockDeviceMappings[0].ebs.encrypted", "false"
    ),
    "kms-keys-rotate": Mutation("Key", "data", "enableKeyRotation", False),
    "kms-keys-wait-before-deletion": Mutation(
        "ReplicaKey", "data-replica", "deletionWindowInDays", 7
    ),
    "no-policy-admits-everybody": Mutation(
        "Key", "volumes", "policy", lambda text: text.replace('"Condition"', '"Sid2"')
    ),
    "encryption-keys-are-customer-managed": Mutation(
        "LogGroup", "control-plane", "kmsKeyId", REMOVED
    ),
    "logs-are-kept-within-bounds": Mutation("LogGroup", "flow-log", "retentionInDays", 7),
    "vpcs-have-flow-logs": Mutation("FlowLog", "flow-log", "vpcId", "vpc-another"),
    "subnets-span-three-zones": Mutation(
        "Subnet", "private-eu-central-1c", "availabilityZone", "eu-central-1a"
    ),
    "security-groups-guard-data-ports": Mutation(
        "DefaultSecurityGroup",
        "default",
        "ingress",
        [{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}],
    ),
    "no-administrator-policies": Mutation(
        "RolePolicyAttachment",
        "ebs-csi",
        "policyArn",
        "arn:aws:iam::aws:policy/AdministratorAccess",
    ),
    "no-unlimited-iam-grants": Mutation(
        "RolePolicy",
        "control-plane-key",
        "policy",
        json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}),
    ),
    "resources-are-in-allowed-regions": Mutation(
        "ReplicaKey", "backup-replica", "region", "us-east-1"
    ),
    "state-is-protected": None,
    "storage-classes-encrypt-volumes": Mutation(
        "StorageClass", "encrypted", "parameters.encrypted", "false"
    ),
}


def _unprotected(of: list[Resource]) -> Resource:
    return replace(next(each for each in of if each.name == "escrow"), protect=False)


@pytest.mark.parametrize("removed", MUTATIONS)
def test_a_removed_safeguard_is_found(removed: str) -> None:
    of = list(resources(values()))
    if removed == "subnets-span-three-zones":
        for kind in ("intra", "public"):
            other = Mutation("Subnet", f"{kind}-{REGION}c", "availabilityZone", f"{REGION}a").of(of)
            of = [other if each.urn == other.urn else each for each in of]
    mutation = MUTATIONS[removed]
    after = mutation.of(of) if mutation else _unprotected(of)
    of = [after if each.urn == after.urn else each for each in of]

    assert {each.condition.id for each in judgements(of, *of) if each.findings} == {removed}


ELSEWHERE = {
    # Broken where grants are that they could be about.
    "no-inverted-iam-grants",
    "no-passing-of-any-role",
    "workload-identities-are-pinned",
    # Of every resource.
    "no-ignored-security-changes",
    "no-literal-secret-in-annotations",
}


def test_every_condition_of_aws_that_this_meets_is_broken_here_once() -> None:
    made = resources(values())
    met = {each.condition.id for each in judgements(made, *made)}

    assert sorted(met - MUTATIONS.keys() - ELSEWHERE) == []
