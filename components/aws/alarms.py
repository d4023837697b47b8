"""Alarms of CloudWatch, which tell the region's topic, and those that are there already."""

from collections.abc import Mapping
from typing import Literal

import pulumi
import pulumi_aws as aws

from components.aws.alarm_topic import topic_arn
from components.aws.tags import tags
from settings import Settings
from settings.aws import AwsSettings


def create_alarm(
    name: str,
    description: str,
    *,
    settings: Settings,
    environment: AwsSettings,
    namespace: str,
    metric: str,
    dimensions: Mapping[str, pulumi.Input[str]] | None = None,
    statistic: Literal["Sum", "Minimum", "Maximum", "Average"] = "Sum",
    period: int,
    periods: int = 1,
    threshold: int = 1,
    raised: Literal["from", "above", "below"] = "from",
    without_data: Literal["raised", "not raised"] = "not raised",
    opts: pulumi.ResourceOptions,
) -> None:
    """An alarm on one metric.

    Args:
        name: its name in Pulumi, and after the environment's in AWS.
        description: what is wrong when it is raised.
        settings: settings of the stack.
        environment: its settings of AWS.
        namespace: service of AWS whose metric it is.
        metric: the metric.
        dimensions: of what.
        statistic: what is made of the values of a period.
        period: seconds of a period.
        periods: for how many of them, one after the other, it must be so.
        threshold: the value compared with.
        raised: from that value on, above it, or below it.
        without_data: what a period without any value counts as.
        opts: as a child of its component.
    """
    topics = [topic_arn(environment), *environment.alarms.topics]
    aws.cloudwatch.MetricAlarm(
        name,
        name=f"{environment.name}-{name}",
        alarm_description=description,
        namespace=namespace,
        metric_name=metric,
        dimensions=dimensions,
        statistic=statistic,
        period=period,
        evaluation_periods=periods,
        datapoints_to_alarm=periods,
        threshold=threshold,
        comparison_operator={
            "from": "GreaterThanOrEqualToThreshold",
            "above": "GreaterThanThreshold",
            "below": "LessThanThreshold",
        }[raised],
        treat_missing_data="breaching" if without_data == "raised" else "notBreaching",
        alarm_actions=topics,
        ok_actions=topics,
        tags=tags(settings),
        opts=opts,
    )
