# The upkeep: every five minutes the chores that are due, such as renewing access tokens before they end.
locals {
  upkeep_every = "rate(5 minutes)" # as app.py says; a test compares

  # metric → how its hourly counts become one figure, and which one rings
  hourly = {
    token_not_renewed = {
      statistic  = "Sum"
      rings_from = 1
      means      = "An access token could not be renewed; the next hour tries again. The log of the function upkeep has the account and the reason. If it stays, log the account in again and store its tokens in its secret."
      page       = "token_not_renewed"
    }
    parked_oldest_days = {
      statistic  = "Maximum"
      rings_from = max(var.retention.parked_days - 30, var.retention.parked_days / 2)
      means      = "Something has been parked for long, and is deleted within 30 days. `dmdesk parked` tells why it is there: bring it back with `dmdesk replay`, or let it go."
      page       = "parked"
    }
    paused_hours = {
      statistic  = "Maximum"
      rings_from = 12
      means      = "An account has been paused for 12 hours or more, and its messages wait. `dmdesk doctor` tells which: end it with `dmdesk resume`."
      page       = "paused_hours"
    }
  }
}

resource "aws_scheduler_schedule" "upkeep" {
  #checkov:skip=CKV_AWS_297:it carries no data that a key of one's own could protect
  name                = local.function_names["upkeep"]
  description         = "dmdesk: renews access tokens, measures what waits, each when it is due"
  schedule_expression = local.upkeep_every

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.role["upkeep"].arn
    role_arn = aws_iam_role.schedule.arn
  }

  depends_on = [aws_iam_role_policy.schedule]
}

resource "aws_iam_role" "schedule" {
  name                 = "${var.name}-schedule"
  path                 = var.role_path
  permissions_boundary = var.role_permissions_boundary
  tags                 = var.tags
  description          = "dmdesk: starts the function upkeep"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      # else another account's schedule might be given this role
      Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "schedule" {
  name = "calls"
  role = aws_iam_role.schedule.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "StartUpkeep"
      Effect   = "Allow"
      Action   = ["lambda:InvokeFunction"]
      Resource = [aws_lambda_function.role["upkeep"].arn]
    }]
  })
}

# All look back two hours, so that an hourly count falls into each look.
resource "aws_cloudwatch_metric_alarm" "token_days_left" {
  for_each            = { 14 = "", 7 = "-7", 1 = "-1" } # days, and how the alarm's name ends
  alarm_name          = "${var.name}-token-days-left${each.value}"
  alarm_description   = "An account's access ends in less than ${each.key} days, and renewing does not prolong it: log it in again. `dmdesk token status` tells whose. docs/runbooks/token_days_left.md"
  namespace           = local.metrics.namespace
  metric_name         = "token_days_left"
  dimensions          = local.metrics.dimensions
  statistic           = "Minimum"
  period              = 7200
  evaluation_periods  = 1
  comparison_operator = "LessThanThreshold"
  threshold           = tonumber(each.key)
  treat_missing_data  = "notBreaching" # a Page's token does not end by time
  alarm_actions       = [local.alarm_topic]
  ok_actions          = [local.alarm_topic]
  tags                = var.tags
}

moved {
  from = aws_cloudwatch_metric_alarm.token_days_left
  to   = aws_cloudwatch_metric_alarm.token_days_left["14"]
}

resource "aws_cloudwatch_metric_alarm" "hourly" {
  for_each            = local.hourly
  alarm_name          = "${var.name}-${replace(each.key, "_", "-")}"
  alarm_description   = "${each.value.means} docs/runbooks/${each.value.page}.md"
  namespace           = local.metrics.namespace
  metric_name         = each.key
  dimensions          = local.metrics.dimensions
  statistic           = each.value.statistic
  period              = 7200
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.rings_from
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.alarm_topic]
  ok_actions          = [local.alarm_topic]
  tags                = var.tags
}

moved {
  from = aws_cloudwatch_metric_alarm.token_not_renewed
  to   = aws_cloudwatch_metric_alarm.hourly["token_not_renewed"]
}

moved {
  from = aws_cloudwatch_metric_alarm.parked_oldest_days
  to   = aws_cloudwatch_metric_alarm.hourly["parked_oldest_days"]
}

moved {
  from = aws_cloudwatch_metric_alarm.paused_hours
  to   = aws_cloudwatch_metric_alarm.hourly["paused_hours"]
}
