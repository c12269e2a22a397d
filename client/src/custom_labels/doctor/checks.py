"""Everything that is checked, in one table."""

from custom_labels.doctor import deploys, inboxes, models, reports, upkeep
from custom_labels.doctor.findings import Check

STACKS = "cloudformation:DescribeStacks"
RESOURCES = "cloudformation:ListStackResources"
VIEWERS = "the viewers policy"

CHECKS = (
    Check("Credentials", deploys.whose_credentials, STACKS, deploys.credentials_are_of_its_account),
    Check("Stack", "The last deploy went through.", STACKS, deploys.stack_is_deployed),
    Check("Version", "Stack and client are of the same version.", STACKS, deploys.versions_are_the_same),
    Check(
        "Bootstrap",
        "The next deploy finds what it needs.",
        f"{STACKS} of the bootstrap's stack",
        deploys.account_is_bootstrapped,
    ),
    Check("Models", "Every version exists and can be started.", VIEWERS, models.models_can_be_started),
    Check("Quota", "All models may run at a time.", "servicequotas:ListServiceQuotas", models.quota_has_room),
    Check("Price", models.price, VIEWERS, models.price_is_known),
    Check("Budget", models.spent, VIEWERS, models.budget_has_room),
    Check("Mails", "Every subscription is confirmed.", "sns:ListSubscriptionsByTopic", reports.mails_reach_somebody),
    Check("Alarms", "None is in ALARM.", "cloudwatch:DescribeAlarms", reports.alarms_are_silent),
    Check("Sweep", "It runs every few minutes, and stops forgotten models.", VIEWERS, upkeep.sweep_runs),
    Check(
        "Schedules",
        "Those that are always needed are enabled.",
        f"{RESOURCES} and scheduler:GetSchedule",
        upkeep.schedules_are_enabled,
    ),
    Check(
        "Dead letters",
        "Every event and notification was delivered.",
        f"{RESOURCES} and sqs:GetQueueAttributes",
        upkeep.nothing_is_given_up,
    ),
    Check("Inboxes", "They go on, and nothing was given up.", VIEWERS, inboxes.inboxes_go_on),
    Check(
        "Buckets",
        "Those of the inboxes can be accessed, and send their events.",
        "s3:GetBucketLocation and s3:GetBucketNotification",
        inboxes.buckets_send_their_events,
    ),
)
