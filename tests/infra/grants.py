"""What each function's role is granted, by resource; DetectBatch's stand with its tests.

The template is compared with this table (``test_iam``), and so is each call that a function makes in the simulated
account (``tests.account.iam``).
"""

from tests.conftest import HOME

PLACE = "eu-west-1:111122223333"
PROJECTS = f"arn:${{AWS::Partition}}:rekognition:{PLACE}:project"
START_MODEL = f"arn:${{AWS::Partition}}:states:{PLACE}:stateMachine:CustomLabelsLifecycle-StartModel"
STOP_MODEL = f"arn:${{AWS::Partition}}:states:{PLACE}:stateMachine:CustomLabelsLifecycle-StopModel"
STARTS = f"arn:${{AWS::Partition}}:states:{PLACE}:execution:CustomLabelsLifecycle-StartModel:*"
RUN_WITH_MODEL = f"arn:${{AWS::Partition}}:states:{PLACE}:stateMachine:CustomLabelsLifecycle-RunWithModel"
RUNS = f"arn:${{AWS::Partition}}:states:{PLACE}:execution:CustomLabelsLifecycle-RunWithModel:*"
DETECT_BATCH = f"arn:${{AWS::Partition}}:states:{PLACE}:stateMachine:CustomLabelsLifecycle-DetectBatch"
BATCHES = f"arn:${{AWS::Partition}}:states:{PLACE}:execution:CustomLabelsLifecycle-DetectBatch:*"
DRAIN_INBOX = f"arn:${{AWS::Partition}}:states:{PLACE}:stateMachine:CustomLabelsLifecycle-DrainInbox"
DRAINS = f"arn:${{AWS::Partition}}:states:{PLACE}:execution:CustomLabelsLifecycle-DrainInbox:*"
INBOX = "InboxesInboxline1"
MAPPINGS = f"arn:${{AWS::Partition}}:lambda:{PLACE}:event-source-mapping:*"
OF_WORKERS = (
    f' if {{"ArnEquals": {{"lambda:FunctionArn": ["arn:${{AWS::Partition}}:lambda:{PLACE}:function:'
    'CustomLabelsLifecycle-inbox-line-1"]}}'
)
"""The condition of whoever may switch event source mappings: only those of inboxes' workers."""
QUEUES = f"arn:${{AWS::Partition}}:sqs:{PLACE}:CustomLabelsLifecycle-inbox-"
BUCKETS = "arn:${AWS::Partition}:s3:::"
INSPECTION = f"arn:${{AWS::Partition}}:states:{PLACE}:stateMachine:Inspection"
INSPECTIONS = f"arn:${{AWS::Partition}}:states:{PLACE}:execution:Inspection:*"
STOPS = f"arn:${{AWS::Partition}}:states:{PLACE}:execution:CustomLabelsLifecycle-StopModel:*"
LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}
LOST_CALL = {"sqs:SendMessage"}
SENT = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}
"""What Powertools Idempotency does to remember what was sent."""

HERE = ' if {"StringEquals": {"aws:ResourceAccount": "111122223333"}}'
"""The condition of what may be done with objects of this account's buckets alone."""


BUSY_MINUTES = ' if {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["busy#*"]}}'
"""The condition of who records in the ledger's table when images were labelled, and no session."""


def below_here(folder: str) -> str:
    """The condition of a list of what lies in a folder of a bucket of this account."""
    return (
        f' if {{"StringEquals": {{"aws:ResourceAccount": "111122223333"}}, "StringLike": {{"s3:prefix": "{folder}*"}}}}'
    )


GRANTS = {
    "StepsPrepareRole": {
        "${SharedLogs.Arn}": LOG,
        "${SharedIdempotency.Arn}": {"dynamodb:PutItem"},
        "${SharedModels.Arn}": {"dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:Scan"},
        "*": {"rekognition:DescribeProjects"},
        f"{PROJECTS}/welds/*": {"rekognition:DescribeProjectVersions"},
        STOP_MODEL: {"states:StartExecution"},
        STARTS: {"states:DescribeExecution"},
        STOPS: {"states:DescribeExecution"},
        RUNS: {"states:DescribeExecution"},
        f"{BUCKETS}factory-images": {"s3:GetBucketLocation"},
        f"{BUCKETS}samples": {"s3:GetBucketLocation"},
        INSPECTION: {"states:DescribeStateMachine"},
        DETECT_BATCH: {"states:DescribeStateMachine"},
        DRAIN_INBOX: {"states:DescribeStateMachine"},
    },
    "StepsCheckRole": {
        "${SharedLogs.Arn}": LOG,
        "${SharedModels.Arn}": {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Scan"},
        "${SharedLedger.Arn}": {"dynamodb:PutItem", "dynamodb:Query"},
        "*": {"rekognition:DescribeProjects"},
        f"{PROJECTS}/*": {"rekognition:DescribeProjectVersions"},
        STARTS: {"states:DescribeExecution"},
        STOPS: {"states:DescribeExecution"},
        RUNS: {"states:DescribeExecution"},
    },
    "StartModelStartRole": {
        "${SharedLogs.Arn}": LOG,
        "${SharedModels.Arn}": {"dynamodb:GetItem"},
        f"{HOME}/boards/version/v1/1793520000000": {"rekognition:StartProjectVersion"},
        f"{HOME}/brands/version/v2/1793520000001": {"rekognition:StartProjectVersion"},
        f"{PROJECTS}/packaging/version/*/*": {"rekognition:StartProjectVersion"},
        f"{PROJECTS}/welds/version/*/*": {"rekognition:StartProjectVersion"},
    },
    "StopModelStopRole": {
        "${SharedLogs.Arn}": LOG,
        "${SharedModels.Arn}": {"dynamodb:GetItem"},
        f"{PROJECTS}/boards/version/*/*": {"rekognition:StopProjectVersion"},
        f"{PROJECTS}/brands/version/*/*": {"rekognition:StopProjectVersion"},
        f"{PROJECTS}/packaging/version/*/*": {"rekognition:StopProjectVersion"},
        f"{PROJECTS}/welds/version/*/*": {"rekognition:StopProjectVersion"},
    },
    "NotificationsNotifyRole": {
        "${SharedLogs.Arn}": LOG,
        "${NotificationsTopic}": {"sns:Publish"},
        "${NotificationsChatTopic}": {"sns:Publish"},
        "${SharedKey.Arn}": {"kms:GenerateDataKey", "kms:Decrypt"},
        "${NotificationsBus.Arn}": {"events:PutEvents"},
        "${SharedIdempotency.Arn}": SENT,
    },
    "ReconciliationSettleRole": {
        "${SharedLogs.Arn}": LOG,
        "${ReconciliationLostCalls.Arn}": LOST_CALL,
        "${NotificationsTopic}": {"sns:Publish"},
        "${NotificationsChatTopic}": {"sns:Publish"},
        "${SharedKey.Arn}": {"kms:GenerateDataKey", "kms:Decrypt"},
        "${NotificationsBus.Arn}": {"events:PutEvents"},
        "${SharedIdempotency.Arn}": SENT | {"dynamodb:GetItem"},
        "${SharedModels.Arn}": {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:Scan"},
        "*": {"rekognition:DescribeProjects"},
        f"{PROJECTS}/*": {"rekognition:DescribeProjectVersions"},
        STARTS: {"states:DescribeExecution", "states:StopExecution"},
        STOPS: {"states:DescribeExecution"},
        RUNS: {"states:DescribeExecution"},
        INSPECTIONS: {"states:DescribeExecution", "states:StopExecution"},
        BATCHES: {"states:DescribeExecution", "states:StopExecution"},
        DRAINS: {"states:DescribeExecution", "states:StopExecution"},
        STOP_MODEL: {"states:StartExecution"},
    },
    "ReconciliationSweepRole": {
        "${SharedLogs.Arn}": LOG,
        "${ReconciliationLostCalls.Arn}": LOST_CALL,
        "${NotificationsTopic}": {"sns:Publish"},
        "${NotificationsChatTopic}": {"sns:Publish"},
        "${SharedKey.Arn}": {"kms:GenerateDataKey", "kms:Decrypt"},
        "${NotificationsBus.Arn}": {"events:PutEvents"},
        "${SharedIdempotency.Arn}": SENT | {"dynamodb:GetItem"},
        "${SharedModels.Arn}": {
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
            "dynamodb:DeleteItem",
            "dynamodb:Scan",
        },
        "${SharedLedger.Arn}": {"dynamodb:PutItem", "dynamodb:Query"},
        "*": {"rekognition:DescribeProjects"},
        f"{PROJECTS}/*": {"rekognition:DescribeProjectVersions"},
        STARTS: {"states:DescribeExecution", "states:StopExecution"},
        STOPS: {"states:DescribeExecution"},
        RUNS: {"states:DescribeExecution"},
        INSPECTIONS: {"states:DescribeExecution", "states:StopExecution"},
        BATCHES: {"states:DescribeExecution", "states:StopExecution"},
        DRAINS: {"states:DescribeExecution", "states:StopExecution"},
        START_MODEL: {"states:StartExecution"},
        STOP_MODEL: {"states:StartExecution"},
    },
    "PageRole": {
        "${SharedLogs.Arn}": LOG,
        "${SharedModels.Arn}": {"dynamodb:GetItem", "dynamodb:Scan"},
        "${SharedLedger.Arn}": {"dynamodb:Query"},
        "*": {"rekognition:DescribeProjects"},
        f"{PROJECTS}/*": {"rekognition:DescribeProjectVersions"},
        STARTS: {"states:DescribeExecution"},
    },
    "PageActRole": {
        "${SharedLogs.Arn}": LOG,
        "${ReconciliationSweepFunction.Arn}": {"lambda:InvokeFunction"},
        START_MODEL: {"states:StartExecution"},
        STOP_MODEL: {"states:StartExecution"},
        STARTS: {"states:DescribeExecution"},
        STOPS: {"states:DescribeExecution"},
    },
    "RemovalRemoveRole": {
        "${SharedLogs.Arn}": LOG,
        "${AWS::StackId}": {"cloudformation:DescribeStacks"},
        "${SharedModels.Arn}": {"dynamodb:Scan"},
        "*": {"rekognition:DescribeProjects", "events:ListRules"},
        "${PeopleViewers}": {"iam:ListEntitiesForPolicy"},
        "${PeopleOperators}": {"iam:ListEntitiesForPolicy"},
        f"{PROJECTS}/*": {"rekognition:DescribeProjectVersions"},
        STARTS: {"states:DescribeExecution", "states:StopExecution"},
        STOPS: {"states:DescribeExecution"},
        RUNS: {"states:StopExecution"},
        BATCHES: {"states:StopExecution"},
        DRAINS: {"states:StopExecution"},
        START_MODEL: {"states:ListExecutions"},
        STOP_MODEL: {"states:StartExecution", "states:ListExecutions"},
        RUN_WITH_MODEL: {"states:ListExecutions"},
        DETECT_BATCH: {"states:ListExecutions"},
        DRAIN_INBOX: {"states:ListExecutions"},
    },
    "SchedulesTickRole": {
        "${SharedLogs.Arn}": LOG,
        "${ReconciliationLostCalls.Arn}": LOST_CALL,
        START_MODEL: {"states:StartExecution"},
        STOP_MODEL: {"states:StartExecution"},
        STARTS: {"states:DescribeExecution"},
        STOPS: {"states:DescribeExecution"},
    },
}

OF_INBOXES = {
    "DrainInboxOpenRole": {
        "${SharedLogs.Arn}": LOG,
        "${SharedModels.Arn}": {"dynamodb:GetItem", "dynamodb:PutItem"},
        f"{MAPPINGS}{OF_WORKERS}": {"lambda:UpdateEventSourceMapping"},
        "*": {"lambda:ListEventSourceMappings"},
        DRAIN_INBOX: {"states:SendTaskSuccess"},
    },
    "InboxesTickRole": {
        "${SharedLogs.Arn}": LOG,
        "${NotificationsTopic}": {"sns:Publish"},
        "${NotificationsChatTopic}": {"sns:Publish"},
        "${SharedKey.Arn}": {"kms:GenerateDataKey", "kms:Decrypt"},
        "${NotificationsBus.Arn}": {"events:PutEvents"},
        "${SharedIdempotency.Arn}": SENT,
        "${SharedModels.Arn}": {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Scan"},
        "${SharedLedger.Arn}": {"dynamodb:Query"},
        "*": {"rekognition:DescribeProjects", "lambda:ListEventSourceMappings"},
        f"{PROJECTS}/*": {"rekognition:DescribeProjectVersions"},
        f"${{{INBOX}Images.Arn}}": {"sqs:GetQueueUrl", "sqs:GetQueueAttributes"},
        f"${{{INBOX}Dead.Arn}}": {"sqs:GetQueueUrl", "sqs:GetQueueAttributes"},
        f"{MAPPINGS}{OF_WORKERS}": {"lambda:UpdateEventSourceMapping"},
        RUN_WITH_MODEL: {"states:StartExecution"},
        RUNS: {"states:DescribeExecution"},
        DRAIN_INBOX: {"states:SendTaskHeartbeat", "states:SendTaskSuccess", "states:SendTaskFailure"},
    },
    f"{INBOX}WorkerRole": {
        "${SharedLogs.Arn}": LOG,
        "${SharedModels.Arn}": {"dynamodb:GetItem", "dynamodb:UpdateItem"},
        "${SharedIdempotency.Arn}": SENT,
        f"${{SharedLedger.Arn}}{BUSY_MINUTES}": {"dynamodb:UpdateItem"},
        f"${{{INBOX}Images.Arn}}": {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
        f"{MAPPINGS}{OF_WORKERS}": {"lambda:UpdateEventSourceMapping"},
        "*": {"lambda:ListEventSourceMappings"},
        f"{HOME}/brands/version/v2/1793520000001": {"rekognition:DetectCustomLabels"},
        f"{BUCKETS}factory-inbox{below_here('line-1/')}": {"s3:ListBucket"},
        f"{BUCKETS}factory-results{below_here('inbox/line-1/')}": {"s3:ListBucket"},
        f"{BUCKETS}factory-inbox/line-1/*{HERE}": {"s3:GetObject", "s3:GetObjectVersion"},
        f"{BUCKETS}factory-results/inbox/line-1/*{HERE}": {"s3:GetObject", "s3:PutObject"},
    },
}
"""Those of inboxes: every call in tests/account/test_inbox.py is judged by them, with their conditions."""

WHERE_INBOXES_ARE = {
    "PageRole": {
        "*": {"lambda:ListEventSourceMappings"},
        RUNS: {"states:DescribeExecution"},
        f"{QUEUES}line-1": {"sqs:GetQueueUrl", "sqs:GetQueueAttributes"},
        f"{QUEUES}line-1-dead": {"sqs:GetQueueUrl", "sqs:GetQueueAttributes"},
    },
    "PageActRole": {
        "${SharedModels.Arn}": {"dynamodb:GetItem", "dynamodb:PutItem"},
        f"{QUEUES}line-1": {"sqs:GetQueueUrl", "sqs:SendMessage"},
        f"{QUEUES}line-1-dead": {
            "sqs:GetQueueUrl",
            "sqs:GetQueueAttributes",
            "sqs:StartMessageMoveTask",
            "sqs:ListMessageMoveTasks",
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
        },
        f"{BUCKETS}factory-inbox{below_here('line-1/')}": {"s3:ListBucket"},
        f"{BUCKETS}factory-results{below_here('inbox/line-1/')}": {"s3:ListBucket"},
        f"{BUCKETS}factory-results/inbox/line-1/*{HERE}": {"s3:GetObject"},
    },
    "RemovalRemoveRole": {"${SharedModels.Arn}": {"dynamodb:GetItem", "dynamodb:PutItem"}},
}
"""What the functions of the page, and the removal, may do beside where there are inboxes."""
