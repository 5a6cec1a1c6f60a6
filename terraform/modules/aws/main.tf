# Names and facts that several files use. Each file holds one thing and the alarms that watch it.
data "aws_partition" "current" {}

locals {
  # As the table's ARN has them, arn:<partition>:dynamodb:<region>:<account>:table/…: names are made of them, and no name
  # is made of a data source, which a `depends_on` of the caller leaves unknown until the apply.
  partition  = split(":", aws_dynamodb_table.ledger.arn)[1]
  region     = split(":", aws_dynamodb_table.ledger.arn)[3]
  account_id = split(":", aws_dynamodb_table.ledger.arn)[4]
  # runtime and architecture
  package = {
    for fact in ["runtime", "architecture"] :
    fact => var.package_s3 == null ? jsondecode(file("${dirname(var.package)}/package.json"))[fact] : var.package_s3[fact]
  }

  # whom every alarm tells
  alarm_topic = var.alarm_topic == null ? one(aws_sns_topic.alarms[*].arn) : var.alarm_topic.arn

  # in the policy of whatever can also be reached without TLS
  tls_only = {
    Sid       = "TlsOnly"
    Effect    = "Deny"
    Principal = "*"
    Condition = { Bool = { "aws:SecureTransport" = "false" } }
  }
  # a topic's policy takes no sns:*
  topic_actions = ["sns:Publish", "sns:Subscribe", "sns:GetTopicAttributes", "sns:SetTopicAttributes", "sns:AddPermission", "sns:RemovePermission", "sns:DeleteTopic", "sns:ListSubscriptionsByTopic"]

  # EmfMetrics' namespace and the dimension that all of its totals carry
  metrics = {
    namespace  = "dmdesk"
    dimensions = { service = var.name }
  }
}

# CloudWatch cannot publish through AWS's own SNS key: without one of the company's there is none.
resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26:var.kms_key encrypts it where there is one; CloudWatch cannot publish through AWS's own SNS key
  count             = var.alarm_topic == null ? 1 : 0
  name              = "${var.name}-alarms"
  kms_master_key_id = local.key_arn
  tags              = var.tags
}

resource "aws_sns_topic_policy" "alarms" {
  count = length(aws_sns_topic.alarms)
  arn   = aws_sns_topic.alarms[0].arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
        Sid       = "Alarms"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.alarms[0].arn
        Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
      },
      merge(local.tls_only, { Action = local.topic_actions, Resource = aws_sns_topic.alarms[0].arn }),
    ]
  })
}

resource "aws_sns_topic_subscription" "mail" {
  for_each  = toset(var.alarms.emails)
  topic_arn = local.alarm_topic
  protocol  = "email"
  endpoint  = each.value
}
