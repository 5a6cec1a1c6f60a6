# Alarms on what the bridge itself counts. Each watches the total of this bridge (dimension `service`).
resource "aws_cloudwatch_metric_alarm" "rejected" {
  alarm_name          = "${var.name}-rejected"
  alarm_description   = "Webhooks were refused: a secret differs from the platform's, or somebody tries. The edge's log has the reasons."
  namespace           = local.metrics.namespace
  metric_name         = "rejected"
  dimensions          = local.metrics.dimensions
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = var.alarms.rejected
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "refused" {
  alarm_name          = "${var.name}-refused"
  alarm_description   = "Platforms refuse agents' replies. The worker's log has the codes: a closed window, a lost permission, a token."
  namespace           = local.metrics.namespace
  metric_name         = "refused"
  dimensions          = local.metrics.dimensions
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = var.alarms.refused
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "parked" {
  alarm_name          = "${var.name}-parked"
  alarm_description   = "An event was put aside: unreadable, or of an account that Terraform does not know. It lies in the bucket under parked/."
  namespace           = local.metrics.namespace
  metric_name         = "parked"
  dimensions          = local.metrics.dimensions
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "account_stopped" {
  alarm_name          = "${var.name}-account-stopped"
  alarm_description   = "The platform does not let an account send: it is restricted, or its access was taken away. The worker's log has the account and what to do."
  namespace           = local.metrics.namespace
  metric_name         = "account_stopped"
  dimensions          = local.metrics.dimensions
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# Per channel, as agents' messages are received too, and one channel's silence must not hide behind the other's traffic.
resource "aws_cloudwatch_metric_alarm" "quiet" {
  for_each            = var.alarms.quiet_hours > 0 ? toset([for account in var.accounts : account.channel]) : []
  alarm_name          = "${var.name}-quiet-${each.key}"
  alarm_description   = "Nobody has written on ${each.key} for ${var.alarms.quiet_hours} hours. Is the webhook subscription still there?"
  namespace           = local.metrics.namespace
  metric_name         = "received"
  dimensions          = merge(local.metrics.dimensions, { source = each.key })
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = var.alarms.quiet_hours
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching" # nothing is counted where nothing comes
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}
