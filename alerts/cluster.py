"""Alerts on what Kubernetes does with the platform's pods and Secrets."""

from alerts.rule import Alert

ALERTS = (
    Alert(
        name="N8nReplicasMissing",
        # The label of other alerts on the same tier, by which one of them holds it back.
        expr="label_replace(max by (namespace, deployment) (kube_deployment_spec_replicas{"
        'namespace="$namespace"}) > on (namespace, deployment) max by (namespace, deployment) ('
        'kube_deployment_status_replicas_available{namespace="$namespace"}),'
        ' "job", "$1", "deployment", "(.+)")',
        wait="15m",
        severity="warning",
        summary="A tier has fewer pods than it should have.",
        description="{{ $labels.deployment }} should have {{ $value }} available pods, and has "
        "fewer.",
    ),
    Alert(
        name="N8nContainerRestarting",
        expr='increase(kube_pod_container_status_restarts_total{namespace="$namespace"}[30m]) > 2',
        wait="0m",
        severity="warning",
        summary="A container ends again and again.",
        description="{{ $labels.container }} of {{ $labels.pod }} has been restarted "
        "{{ $value | humanize }} times within 30 minutes.",
    ),
    Alert(
        name="N8nAutoscalerAtMaximum",
        expr="kube_horizontalpodautoscaler_status_desired_replicas"
        '{namespace="$namespace"} >= on (namespace, horizontalpodautoscaler)'
        ' kube_horizontalpodautoscaler_spec_max_replicas{namespace="$namespace"}',
        wait="30m",
        severity="warning",
        summary="A tier is at its maximum number of pods.",
        description="{{ $labels.horizontalpodautoscaler }} has wanted {{ $value }} pods for 30 "
        "minutes, and may have no more.",
    ),
    Alert(
        name="N8nQuotaNear",
        expr='kube_resourcequota{namespace="$namespace",type="used"} / ignoring (type)'
        ' (kube_resourcequota{namespace="$namespace",type="hard"} > 0) > 0.95',
        wait="15m",
        severity="warning",
        summary="The namespace's quota is nearly used up.",
        description="{{ $value | humanizePercentage }} of {{ $labels.resource }} is used. A pod "
        "that does not fit is not created.",
    ),
    Alert(
        name="N8nSecretSyncFailing",
        # The operator's own label is `namespace`, or `exported_namespace` where the monitor does
        # not honour it.
        expr='max by (name) (externalsecret_status_condition{namespace="$namespace",'
        'condition="Ready",status="False"} == 1 or externalsecret_status_condition{'
        'exported_namespace="$namespace",condition="Ready",status="False"} == 1)',
        wait="15m",
        severity="warning",
        summary="External Secrets cannot copy a Secret.",
        description="{{ $labels.name }} is not being copied. Pods keep the values that they have; "
        "a rotated key does not reach them.",
    ),
    Alert(
        name="N8nWatchdog",
        expr="vector(1)",
        wait="0m",
        severity="info",
        summary="Always fires: what receives it raises the alarm when it stops.",
        description="Prometheus evaluates rules, and Alertmanager delivers.",
    ),
)
"""All of them."""
