# Names and facts that several files use. Each file holds one thing and the alarms that watch it.
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  # `id`: providers 5 and 6 disagree on `name` and `region`
  region     = data.aws_region.current.id
  account_id = data.aws_caller_identity.current.account_id
  package    = jsondecode(file("${dirname(var.package)}/package.json"))

  # EmfMetrics' namespace and the dimension that all of its totals carry
  metrics = {
    namespace  = "dmdesk"
    dimensions = { service = var.name }
  }
}

resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26:CloudWatch cannot publish through AWS's own SNS key, and an alarm's text is no secret
  name = "${var.name}-alarms"
}

resource "aws_sns_topic_subscription" "mail" {
  for_each  = toset(var.alarms.emails)
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.value
}
