"""The network in AWS: a VPC in which each zone has its own way out, and nothing is open by default.

A lost zone takes its own subnets and its own NAT gateway with it, and nothing of the others.
"""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws

from components.aws.endpoints import Endpoints
from components.aws.iam import allow, assumed_by, policy
from components.aws.tags import tags
from components.base import Component
from settings import Settings
from settings.aws import AwsSettings
from settings.aws.addresses import plan
from settings.aws.network import ExistingNetwork

_ANYWHERE = "0.0.0.0/0"
_LOAD_BALANCERS = {"public": "kubernetes.io/role/elb", "private": "kubernetes.io/role/internal-elb"}
"""Tags by which EKS finds subnets for load balancers: for public ones, and for internal ones."""

_WRITE_LOGS = ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")


class Network(Component):
    """A VPC with private, intra and public subnets in each zone, or one that is there already.

    Attributes:
        vpc_id: the VPC.
        cidr: its range.
        private_subnets: of nodes and pods, by zone; the internet is reached through NAT.
        intra_subnets: of the database and the control plane, by zone; there is no way out.
        public_subnets: of load balancers, by zone; none known of an existing VPC.
        nat_addresses: public addresses from which nodes and pods call out, by zone; none known of
            an existing VPC. Whoever limits an API to known callers lists them.
    """

    area = "aws"

    vpc_id: pulumi.Output[str]
    cidr: str
    private_subnets: Mapping[str, pulumi.Output[str]]
    intra_subnets: Mapping[str, pulumi.Output[str]]
    public_subnets: Mapping[str, pulumi.Output[str]]
    nat_addresses: Mapping[str, pulumi.Output[str]]

    def __init__(
        self,
        name: str,
        *,
        settings: Settings,
        environment: AwsSettings,
        log_key_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """
        Args:
            settings: settings of the stack.
            environment: its settings of AWS.
            log_key_arn: KMS key of flow logs.
        """
        super().__init__(name, opts)
        self._settings = settings
        self._environment = environment
        self._zones = settings.platform.zones
        self._tags = tags(settings)
        self.cidr = environment.network.cidr
        if environment.network.existing:
            self._take_existing(environment.network.existing)
        else:
            self._create(log_key_arn)
        self.register_outputs(
            {
                "vpcId": self.vpc_id,
                "privateSubnets": self.private_subnets,
                "intraSubnets": self.intra_subnets,
                "natAddresses": self.nat_addresses,
            }
        )

    def _take_existing(self, existing: ExistingNetwork) -> None:
        def by_zone(subnets: Sequence[str]) -> Mapping[str, pulumi.Output[str]]:
            return dict(zip(self._zones, map(pulumi.Output.from_input, subnets), strict=True))

        self.vpc_id = pulumi.Output.from_input(existing.vpc_id)
        self.private_subnets = by_zone(existing.private_subnets)
        self.intra_subnets = by_zone(existing.intra_subnets)
        self.public_subnets = {}
        self.nat_addresses = {}

    def _create(self, log_key_arn: pulumi.Input[str]) -> None:
        self._vpc = self._create_vpc()
        self.vpc_id = self._vpc.id
        self._create_closed_default_group()
        planned = plan(self.cidr, self._zones)
        self.private_subnets = self._create_subnets(
            "private", {zone: each.private for zone, each in planned.items()}
        )
        self.intra_subnets = self._create_subnets(
            "intra", {zone: each.intra for zone, each in planned.items()}
        )
        self.public_subnets = self._create_subnets(
            "public", {zone: each.public for zone, each in planned.items()}
        )
        for zone, each in planned.items():
            self._reserve_for_pods(zone, each.prefixes)
        self._create_public_routes()
        gateways = self._create_nat_gateways()
        tables = [*self._create_private_routes(gateways), self._create_intra_routes()]
        Endpoints(
            "endpoints",
            settings=self._settings,
            environment=self._environment,
            vpc_id=self._vpc.id,
            subnet_ids=list(self.intra_subnets.values()),
            route_table_ids=[table.id for table in tables],
            opts=self.child_options(),
        )
        self._create_flow_log(log_key_arn)

    def _named(self, name: str, **more: str) -> dict[str, str]:
        return {**self._tags, "Name": f"{self._environment.name}-{name}", **more}

    def _create_vpc(self) -> aws.ec2.Vpc:
        return aws.ec2.Vpc(
            "vpc",
            cidr_block=self.cidr,
            # Interface endpoints and the private endpoint of EKS are found by name.
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=self._named("vpc"),
            # Another range would replace it, and with it everything inside.
            opts=self.child_options(protect=True),
        )

    def _create_closed_default_group(self) -> None:
        """The security group that whatever names none would get: it lets nothing in or out."""
        aws.ec2.DefaultSecurityGroup(
            "default",
            vpc_id=self._vpc.id,
            ingress=[],
            egress=[],
            tags=self._named("default-closed"),
            opts=self.child_options(),
        )

    def _create_subnets(
        self, kind: str, ranges: Mapping[str, IPv4Network]
    ) -> Mapping[str, pulumi.Output[str]]:
        role = _LOAD_BALANCERS.get(kind)
        return {
            zone: aws.ec2.Subnet(
                f"{kind}-{zone}",
                vpc_id=self._vpc.id,
                availability_zone=zone,
                cidr_block=str(cidr),
                map_public_ip_on_launch=False,
                tags=self._named(f"{kind}-{zone}", **({role: "1"} if role else {})),
                opts=self.child_options(),
            ).id
            for zone, cidr in ranges.items()
        }

    def _reserve_for_pods(self, zone: str, cidr: IPv4Network) -> None:
        """Keep addresses in a row for pods: whatever else is there takes single ones elsewhere.

        https://docs.aws.amazon.com/eks/latest/userguide/cni-increase-ip-addresses-procedure.html
        """
        aws.ec2.SubnetCidrReservation(
            f"pods-{zone}",
            subnet_id=self.private_subnets[zone],
            cidr_block=str(cidr),
            reservation_type="prefix",
            description="Prefixes of pods",
            opts=self.child_options(),
        )

    def _create_public_routes(self) -> None:
        gateway = aws.ec2.InternetGateway(
            "internet",
            vpc_id=self._vpc.id,
            tags=self._named("internet"),
            opts=self.child_options(),
        )
        table = self._create_table("public")
        self._public_route = aws.ec2.Route(
            "public",
            route_table_id=table.id,
            destination_cidr_block=_ANYWHERE,
            gateway_id=gateway.id,
            opts=self.child_options(),
        )
        for zone, subnet in self.public_subnets.items():
            self._associate(f"public-{zone}", table, subnet)

    def _create_nat_gateways(self) -> Mapping[str, aws.ec2.NatGateway]:
        addresses = {
            zone: aws.ec2.Eip(
                f"nat-{zone}",
                domain="vpc",
                tags=self._named(f"nat-{zone}"),
                opts=self.child_options(),
            )
            for zone in self._zones
        }
        self.nat_addresses = {zone: each.public_ip for zone, each in addresses.items()}
        return {
            zone: aws.ec2.NatGateway(
                f"nat-{zone}",
                allocation_id=addresses[zone].id,
                subnet_id=self.public_subnets[zone],
                tags=self._named(f"nat-{zone}"),
                # It reports a failure if its subnet has no way out yet.
                opts=self.child_options(depends_on=[self._public_route]),
            )
            for zone in self._zones
        }

    def _create_private_routes(
        self, gateways: Mapping[str, aws.ec2.NatGateway]
    ) -> list[aws.ec2.RouteTable]:
        tables: list[aws.ec2.RouteTable] = []
        for zone, subnet in self.private_subnets.items():
            table = self._create_table(f"private-{zone}")
            aws.ec2.Route(
                f"private-{zone}",
                route_table_id=table.id,
                destination_cidr_block=_ANYWHERE,
                nat_gateway_id=gateways[zone].id,
                opts=self.child_options(),
            )
            self._associate(f"private-{zone}", table, subnet)
            tables.append(table)
        return tables

    def _create_intra_routes(self) -> aws.ec2.RouteTable:
        table = self._create_table("intra")
        for zone, subnet in self.intra_subnets.items():
            self._associate(f"intra-{zone}", table, subnet)
        return table

    def _create_table(self, name: str) -> aws.ec2.RouteTable:
        return aws.ec2.RouteTable(
            name, vpc_id=self._vpc.id, tags=self._named(name), opts=self.child_options()
        )

    def _associate(self, name: str, table: aws.ec2.RouteTable, subnet: pulumi.Output[str]) -> None:
        aws.ec2.RouteTableAssociation(
            name, route_table_id=table.id, subnet_id=subnet, opts=self.child_options()
        )

    def _create_flow_log(self, key_arn: pulumi.Input[str]) -> None:
        environment = self._environment
        # Written out, so that what the role may do can be read, and judged, at preview.
        log_groups = f"arn:aws:logs:{environment.region}:{environment.account_id}:log-group"
        name = f"/n8n-platform/{environment.name}/flow-log"
        group = aws.cloudwatch.LogGroup(
            "flow-log",
            name=name,
            kms_key_id=key_arn,
            retention_in_days=environment.log_retention_days,
            tags=self._tags,
            opts=self.child_options(),
        )
        role = aws.iam.Role(
            "flow-log",
            description="Lets flow logs of the VPC be written",
            assume_role_policy=assumed_by("vpc-flow-logs.amazonaws.com", environment.account_id),
            tags=self._tags,
            opts=self.child_options(),
        )
        aws.iam.RolePolicy(
            "flow-log",
            role=role.name,
            policy=policy(
                allow(_WRITE_LOGS, [f"{log_groups}:{name}", f"{log_groups}:{name}:*"]),
                allow(["logs:DescribeLogGroups"], [f"{log_groups}:*"]),
            ),
            opts=self.child_options(),
        )
        aws.ec2.FlowLog(
            "flow-log",
            vpc_id=self._vpc.id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=60,
            tags=self._named("flow-log"),
            opts=self.child_options(),
        )
