"""Types of resources that AWS does not charge for, and why, or what it charges for instead."""

from collections.abc import Mapping

_CONFIGURATION = "says how another resource is, or who may use it"
_ADDRESSES = "a plan of addresses; what uses them is charged for"
_BACKUP = "says what is backed up or tested, when and by whom; storage and tests are charged for"
_MAILS = "a thousand mails a month are free, and alarms are fewer"

FREE: Mapping[str, str] = {
    "aws:backup/plan:Plan": _BACKUP,
    "aws:backup/restoreTestingSelection:RestoreTestingSelection": _BACKUP,
    "aws:backup/selection:Selection": _BACKUP,
    "aws:backup/vaultNotifications:VaultNotifications": _CONFIGURATION,
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration": _CONFIGURATION,
    "aws:dynamodb/tableItem:TableItem": "its table is charged for, by writes",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _CONFIGURATION,
    "aws:ec2/flowLog:FlowLog": "its log group is charged for",
    "aws:ec2/internetGateway:InternetGateway": "traffic through it is charged for",
    "aws:ec2/route:Route": _ADDRESSES,
    "aws:ec2/routeTable:RouteTable": _ADDRESSES,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _ADDRESSES,
    "aws:ec2/securityGroup:SecurityGroup": _CONFIGURATION,
    "aws:ec2/subnet:Subnet": _ADDRESSES,
    "aws:ec2/subnetCidrReservation:SubnetCidrReservation": _ADDRESSES,
    "aws:ec2/vpc:Vpc": _ADDRESSES,
    "aws:eks/accessEntry:AccessEntry": _CONFIGURATION,
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": _CONFIGURATION,
    "aws:eks/addon:Addon": "those of AWS; they run on the nodes",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": _CONFIGURATION,
    "aws:iam/role:Role": "IAM is free",
    "aws:iam/rolePolicy:RolePolicy": "IAM is free",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "IAM is free",
    "aws:kms/alias:Alias": "keys are charged for",
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": _CONFIGURATION,
    "aws:rds/parameterGroup:ParameterGroup": _CONFIGURATION,
    "aws:rds/roleAssociation:RoleAssociation": _CONFIGURATION,
    "aws:rds/subnetGroup:SubnetGroup": _CONFIGURATION,
    "aws:route53/record:Record": "its zone is there already, whose owner pays for queries",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _CONFIGURATION,
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": _CONFIGURATION,
    "aws:s3/bucketPolicy:BucketPolicy": _CONFIGURATION,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _CONFIGURATION,
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": "the copies are charged for",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        _CONFIGURATION
    ),
    "aws:s3/bucketVersioning:BucketVersioning": "old versions are charged for as storage",
    "aws:secretsmanager/secretVersion:SecretVersion": "its secret is charged for",
    "aws:sns/topic:Topic": _MAILS,
    "aws:sns/topicPolicy:TopicPolicy": _CONFIGURATION,
    "aws:sns/topicSubscription:TopicSubscription": _MAILS,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _CONFIGURATION,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _CONFIGURATION,
}
"""By type token."""
