# Names and facts that several files use. Each file holds one thing and the alarms that watch it.
data "aws_partition" "current" {}

locals {
  # As the table's ARN has them, arn:<partition>:dynamodb:<region>:<account>:table/…: names are made of them, and no name
  # is made of a data source, which a `depends_on` of the caller leaves unknown until the apply.
  partition  = split(":", aws_dynamodb_table.ledger.arn)[1]
  region     = split(":", aws_dynamodb_table.ledger.arn)[3]
  account_id = split(":", aws_dynamodb_table.ledger.arn)[4]
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
